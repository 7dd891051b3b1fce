"""A home of version 0.1.0 opens: nothing is lost, and its active runs end.

It is accessed like then: by its old routes, commands and run directories.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from frontend.api.client import Client
from shared.base.states import RunState
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from tests.cli.shell import call
from tests.old_homes.conftest import OldHome

ADOPT = "adopt"
"""The old name for the import of a model, as stored in databases, in spec.json, in bundles and in scripts."""
UNFINISHED = ("broken import", "waiting import", "waiting adopt", "waiting adopt of the shell")


def test_every_run_is_listed_unchanged(old: OldHome) -> None:
    listed = {run["id"]: (RunKind(run["kind"]), run["state"]) for run in old.listed}
    for role, run in old.manifest["runs"].items():
        if role != "whole":  # which is in the trash
            assert listed[run["id"]] == (RunKind(run["kind"]), run["state"]), role
    assert old.id("whole") not in listed
    served = Client(f"http://127.0.0.1:{old.board.port}").call(endpoints.LIST_RUNS, all=True, archived=True)
    assert {run.id for run in served} >= listed.keys()


def test_runs_are_found_by_the_old_name_of_their_kind(old: OldHome) -> None:
    found = {run["id"] for run in old.get("/runs", kind=ADOPT)}
    assert found >= {old.id("adopted"), old.id("waiting adopt")}
    assert {run["id"] for run in old.get("/runs")} >= found | {old.id("trained"), old.id("finetuned")}
    assert RunKind(old.get(f"/runs/{old.id('adopted')}")["kind"]) is RunKind(ADOPT)


def test_a_model_is_imported_by_the_old_command(old: OldHome) -> None:
    request = {"kind": ADOPT, "config": {"path": str(old.folder / "no such file.safetensors")}}
    answer = old.board.http.post(f"{old.board.url}/runs", json=request)
    assert answer.json()["code"] == "no_such_file"


def test_a_resumed_training_ends_like_an_unpaused_one(old: OldHome) -> None:
    """Every step is there once, with the loss that the old version reached without a pause."""
    run_id = old.id("paused")
    at_pause = old.manifest["curve_at_pause"]
    assert old.end_of(run_id)["state"] == "succeeded", old.board.story(run_id)
    series = old.get(f"/runs/{run_id}/metrics", max_points=100_000, keys="train/loss")["series"]["train/loss"]
    assert series["step"] == [step for step, _ in old.manifest["curve"]]
    assert series["value"] == pytest.approx([loss for _, loss in old.manifest["curve"]], rel=1e-3)
    assert series["value"][: len(at_pause)] == [loss for _, loss in at_pause]
    assert 0 < len(at_pause) < len(series["step"])
    moves = old.board.moves(run_id)
    assert moves[moves.index("paused") :] == ["paused", "queued", "starting", "running", "succeeded"]


@pytest.mark.parametrize("role", UNFINISHED)
def test_active_and_waiting_runs_end(old: OldHome, role: str) -> None:
    """Jobs of the shell may read everything (their spec.json has null for roots), those of a page what the
    list in it names."""
    run = old.end_of(old.id(role))
    assert run["state"] == "succeeded", old.board.story(run["id"])
    kind = old.manifest["runs"][role]["kind"]
    assert RunKind(run["kind"]) is RunKind(kind)


def test_a_waiting_training_is_cancelled(old: OldHome) -> None:
    run = old.get(f"/runs/{old.id('waiting')}")
    assert (run["state"], run["attempt"]) == ("cancelled", 0)
    assert old.board.moves(run["id"]) == ["queued", "cancelled"]


def test_a_killed_import_leaves_a_complete_dataset(old: OldHome) -> None:
    old.end_of(old.id("waiting import"))  # the later of two
    datasets = {one["name"]: one for one in old.get("/datasets")}
    assert datasets.keys() >= {"sky", "own", "more", "later"}
    assert (datasets["more"]["n"], datasets["later"]["n"]) == (120, 120)
    assert datasets["more"]["digest"] == datasets["later"]["digest"]
    assert datasets["own"]["description"] == "drawn by hand"
    assert list((old.home / "datasets").glob(".*.partial*")) == []


def test_an_adopted_model_can_be_explored(old: OldHome) -> None:
    old.end_of(old.id("waiting adopt of the shell"))
    for role in ("adopted", "waiting adopt of the shell", "trained"):
        seen = {"viewed": {"run": old.id(role), "dataset": "sky", "row": 1}}
        assert old.get("/reconstructions/inside", query=json.dumps(seen))["layers"] == 1


def test_old_checkpoints_are_evaluated_and_old_evaluations_kept(old: OldHome) -> None:
    answered = {one["id"]: one for one in old.get("/evaluations")}
    kept = {key: answered[key] for key in old.manifest["evaluations"]}  # the probe's may be there already
    [linear] = [one for one in kept.values() if one["head"] == "linear" and one["basis"] == "encoder"]
    page = old.get(f"/evaluations/{linear['id']}/predictions", limit=60)
    assert page["total"] == linear["n"] == sum(map(sum, linear["confusion_matrix"]))
    old.content(f"/evaluations/{linear['id']}/predictions.csv")
    assert old.end_of(old.probe)["state"] == "succeeded", old.board.story(old.probe)
    [again] = old.get("/evaluations", run=old.probe)
    [before] = [one for one in kept.values() if one["head"] == "knn" and one["basis"] == "encoder"]
    assert again["dataset_digest"] == before["dataset_digest"]
    if again["step"] == before["step"]:
        assert again["accuracy"] == before["accuracy"]


def test_the_data_of_a_run_page_is_complete(old: OldHome) -> None:
    trained = f"/runs/{old.id('trained')}"
    run = old.get(trained)
    assert (run["name"], run["note"]) == ("first light", "as in the talk")
    assert sorted(run["tags"]) == ["deep field", "paper"]
    assert run["metrics"] == old.manifest["latest"]
    assert run["baselines"]["random_init_linear_accuracy"] == old.manifest["initial"]["val/linear_accuracy"]
    assert {"majority_accuracy", "raw_pixel_linear_accuracy"} <= run["baselines"].keys()
    steps = old.get(f"{trained}/samples")["steps"]
    assert steps
    assert old.content(f"{trained}/samples/{steps[-1]}.png").startswith(b"\x89PNG")
    assert len(old.get(f"{trained}/checkpoints")["steps"]) >= 2
    assert old.get(f"{trained}/log")["lines"]
    assert old.get(f"{trained}/verdict")
    assert [event["to_state"] for event in old.get(f"{trained}/events")][-1] == "succeeded"
    assert old.content(f"{trained}/metrics.csv").count(b"\n") > 6
    assert old.get(f"{trained}/learning-curves") is not None
    assert old.get("/labels")["archived"] == 1


def test_old_bundles_are_imported_and_old_runs_exported(old: OldHome, tmp_path: Path) -> None:
    trained, adopted = (import_zip(old, old.folder / f"{name}.zip") for name in ("trained", "adopted"))
    assert RunKind(old.get(f"/runs/{adopted['run_id']}")["kind"]) is RunKind(ADOPT)
    original, copy = (
        old.get(f"/runs/{run_id}/metrics")["series"] for run_id in (old.id("trained"), trained["run_id"])
    )
    assert copy == original
    assert import_zip(old, old.folder / "trained.zip")["here_already"]
    for role in ("trained", "adopted", "probe", "finetuned"):
        packed = tmp_path / f"{role}.zip"
        packed.write_bytes(old.content(f"/runs/{old.id(role)}/bundle.zip"))
        assert import_zip(old, packed)["run_id"] != old.id(role)


def test_searches_and_maps_need_no_new_job(old: OldHome) -> None:
    space = {"run": old.id("trained"), "dataset": "sky"}
    state = old.get("/embeddings", **space)
    assert state["ready"]
    assert state["n"] == 60
    found = old.get("/search", query=json.dumps({"space": space, "row": 3, "k": 5}))
    assert len(found["neighbours"]) == 5
    assert old.get("/embeddings/quality", **space)["quality"]["n"] > 0
    assert old.get("/odd", query=json.dumps({"space": space}))
    for method in ({"method": "pca"}, {"method": "tsne", "perplexity": 5}):
        assert old.get("/maps", **space, **method)["ready"]
        assert len(old.content("/maps/points", **space, **method)) == 60 * 8


def test_flags_ratings_and_collections_are_kept(old: OldHome) -> None:
    flags = {
        flag["galaxy"]["row"] if "galaxy" in flag else flag["row"]: flag["note"]
        for flag in rows(old, "flags")
    }
    assert flags == {4: "looks merged", 9: ""}
    ratings = {
        one["galaxy"]["row"] if "galaxy" in one else one["row"]: one["rating"] for one in rows(old, "ratings")
    }
    assert ratings == {0: 5, 7: 0, 12: 3}
    [collection] = rows(old, "collections")
    assert (collection["name"], collection["note"]) == ("odd ones", "for the next proposal")
    shown = old.get("/datasets/sky/galaxies", collection="odd ones")
    assert [galaxy["row"] for galaxy in shown["galaxies"]] == [2, 3, 5, 8]
    assert old.content("/datasets/sky/split.csv").count(b"\n") == 61


def test_a_sweep_is_shown_with_its_members(old: OldHome) -> None:
    [listed] = old.get("/sweeps")
    report = old.get(f"/sweeps/{old.manifest['sweep']}")
    assert listed["id"] == old.manifest["sweep"]
    assert listed["name"] == "how much hidden"
    assert [(one["run_id"], one["state"]) for one in report["members"]] == [
        (old.id(f"member {place}"), "cancelled") for place in (0, 1)
    ]


def test_notices_and_the_webhook_are_kept(old: OldHome) -> None:
    said = [notice["words"] for notice in old.get("/notices")]
    assert set(said) >= set(old.manifest["notices"])
    webhook = old.get("/webhook")
    assert (webhook["url"], sorted(webhook["kinds"])) == ("http://127.0.0.1:9/hook", ["diverged", "failed"])


def test_a_deleted_run_can_be_restored(old: OldHome) -> None:
    run_id = old.id("whole")
    assert [one["id"] for one in old.get("/disk")["deleted"]] == [run_id]
    run = old.shell_json("runs", "restore", run_id)
    assert run["state"] == "succeeded"
    series = old.get(f"/runs/{run_id}/metrics", max_points=100_000, keys="train/loss")["series"]["train/loss"]
    assert series["value"] == [loss for _, loss in old.manifest["curve"]]
    assert (old.home / "runs" / run_id / "spec.json").is_file()


def test_every_old_route_is_answered(old: OldHome) -> None:
    """Of things that are not there, and without a body: what is no route says so by another code."""
    gone = []
    for method, path in old.manifest["routes"]:
        address = old.board.url.removesuffix("/api/v1") + filled(path)
        answer = old.board.http.request(method, address, follow_redirects=True)
        if answer.status_code in (404, 405) and is_no_route(answer.content):
            gone.append(f"{method} {path}")
    assert gone == []


def test_every_old_command_accepts_its_old_options(old: OldHome) -> None:
    """`--help` behind them: they are read, and nothing is done."""

    def reads(words: str, options: list[list[str]]) -> bool:
        given = [part for option in options for part in option]
        return call(old.home, *words.split(), *given, "--help").returncode == 0

    gone = []
    for words, options in old.manifest["words"].items():
        if not reads(words, options):
            gone += [f"{words} {option[0]}" for option in options if not reads(words, [option])] or [words]
    assert gone == []


def test_old_commands_work_in_scripts(old: OldHome, tmp_path: Path) -> None:
    trained = old.id("trained")
    assert old.shell_json("runs", "show", trained)["id"] == trained
    assert {one["name"] for one in old.shell_json("data", "list")} >= {"sky", "own"}
    assert old.shell_json("sweep", "show", old.manifest["sweep"])["summary"]["runs"] == 2
    assert len(old.shell_json("data", "flags", "sky")) == 2
    assert len(old.shell_json("data", "ratings", "sky")) == 3
    assert old.shell("data", "collections", "sky", "--name", "odd ones").count("\n") == 5
    assert old.shell_json("notices")
    assert old.shell_json("queue", "list")
    assert len(old.shell_json("search", "--run", trained, "--galaxy", "3", "-k", "4")["neighbours"]) == 4
    encoder, curve = tmp_path / "encoder.safetensors", tmp_path / "curve.csv"
    old.shell("runs", "export", trained, "--encoder", str(encoder), "--metrics", str(curve))
    assert header_and_weights(encoder) == header_and_weights(old.folder / "encoder.safetensors")
    assert curve.is_file()


def test_run_directories_are_read_unchanged(old: OldHome) -> None:
    """Their files keep the words of then; nothing writes them anew."""
    spec = json.loads((old.home / "runs" / old.id("adopted") / "spec.json").read_text())
    assert (spec["kind"], spec["run_id"]) == (ADOPT, old.id("adopted"))
    assert old.get(f"/runs/{old.id('adopted')}")["state"] == RunState.SUCCEEDED


def rows(old: OldHome, what: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = old.get(f"/datasets/sky/{what}")
    return found


def import_zip(old: OldHome, path: Path) -> dict[str, Any]:
    imported: dict[str, Any] = old.shell_json("runs", "import", str(path))
    return imported


def filled(path: str) -> str:
    """A route with names that nothing has."""
    words = {"file_format": "csv", "row": "1", "step": "1"}
    return re.sub(r"{(\w+)}", lambda name: words.get(name[1], "no-such"), path)


def is_no_route(content: bytes) -> bool:
    try:
        answer = json.loads(content)
    except ValueError:
        return True
    return answer.get("code", "route_not_found") == "route_not_found"


def header_and_weights(path: Path) -> tuple[Any, bytes]:
    """Of a safetensors file, whose writer orders the metadata at random."""
    content = path.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:end]), content[end:]
