"""A run is taken along and taken in elsewhere: it is the same there, and what is missing is said."""

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from backend.db.engine import Database
from backend.db.models import RunRow
from backend.files import write_json
from backend.jobs.run_dir import RunDir
from backend.services.bundles import snapshot
from backend.settings import Settings
from frontend.api.client import Client
from shared.base.states import RunState
from shared.configs import SimulateConfig
from shared.contract import endpoints
from shared.contract.bundles import CheckpointChoice
from shared.contract.datasets import DatasetChange
from tests.api.bundles.bundles import leave_run, other_home, picture, send, unzipped, zipped
from tests.api.conftest import add_dataset, enter_dataset, refused
from tests.api.encoders import leave_encoder
from tests.api.evaluation_rows import enter_evaluation
from tests.cli.shell import call

S = RunState
ENDED = (S.STARTING, S.RUNNING, S.SUCCEEDED)
pytestmark = pytest.mark.usefixtures("sky")


def test_a_run_is_the_same_in_another_home(
    client: Client, database: Database, settings: Settings, tmp_path: Path
) -> None:
    run_id = leave_run(database, settings, *ENDED)
    content = client.call(endpoints.BUNDLE_FILE, run_id=run_id)
    assert content == client.call(endpoints.BUNDLE_FILE, run_id=run_id)
    with other_home(tmp_path / "other") as (there, _, home):
        imported = send(there, content)
        assert (imported.run_id, imported.here_already) == (run_id, False)
        here, gone = (
            client.call(endpoints.GET_RUN, run_id=run_id),
            there.call(endpoints.GET_RUN, run_id=run_id),
        )
        same = ("kind", "state", "name", "tags", "note", "config", "created_at", "ended_at", "metrics")
        assert all(getattr(gone, field) == getattr(here, field) for field in same)
        assert (
            there.call(endpoints.GET_METRICS, run_id=run_id).series
            == client.call(endpoints.GET_METRICS, run_id=run_id).series
        )
        assert there.call(endpoints.GET_METRICS, run_id=run_id).series["train/loss"].value == [
            0.1 + 0.2,
            1e-300,
        ]
        assert there.call(endpoints.GET_SAMPLES, run_id=run_id) == client.call(
            endpoints.GET_SAMPLES, run_id=run_id
        )
        assert there.call(endpoints.SAMPLE_SPRITE, run_id=run_id, step=7) == picture(7)
        assert there.call(endpoints.GET_LOG, run_id=run_id) == client.call(endpoints.GET_LOG, run_id=run_id)
        assert there.call(endpoints.LIST_CHECKPOINTS, run_id=run_id).steps == [7]
        mine, theirs = (path / "runs" / run_id / "checkpoints" for path in (settings.home, home.home))
        weights = "step_00000007/model.safetensors"
        assert (mine / weights).read_bytes() == (theirs / weights).read_bytes()
        assert not list(theirs.rglob("*.pt"))
        *events, note = there.call(endpoints.LIST_EVENTS, run_id=run_id)
        assert events == client.call(endpoints.LIST_EVENTS, run_id=run_id)
        assert note.reason is not None and note.reason.startswith("imported from run.zip.")
        origin = there.call(endpoints.DESCRIBE_BUNDLE, run_id=run_id).origin
        assert origin is not None and (origin.run_id, origin.file) == (run_id, "run.zip")
        assert list((home.home / "importing").iterdir()) == list(home.uploads_dir.iterdir()) == []


def test_the_same_zip_twice_leads_to_the_run_that_is_here(
    client: Client, database: Database, settings: Settings, tmp_path: Path
) -> None:
    content = client.call(endpoints.BUNDLE_FILE, run_id=leave_run(database, settings, *ENDED))
    with other_home(tmp_path / "other") as (there, _, _):
        first = send(there, content)
        again = send(there, content)
        assert (again.run_id, again.here_already) == (first.run_id, True)
        assert len(there.call(endpoints.LIST_RUNS)) == 1


def test_an_import_that_was_killed_before_its_end_is_made_up_for(
    client: Client, database: Database, settings: Settings, tmp_path: Path
) -> None:
    content = client.call(endpoints.BUNDLE_FILE, run_id=leave_run(database, settings, *ENDED))
    with other_home(tmp_path / "other") as (there, theirs, _):
        first = send(there, content)
        with theirs.write() as session:  # the folder was there, and its row not yet
            session.delete(session.get_one(RunRow, first.run_id))
        again = send(there, content)
        assert (again.run_id, again.here_already) == (first.run_id, False)
        assert (
            there.call(endpoints.GET_METRICS, run_id=again.run_id).series
            == client.call(endpoints.GET_METRICS, run_id=again.run_id).series
        )


def test_a_run_whose_id_is_taken_gets_another_and_says_so(
    client: Client, database: Database, settings: Settings
) -> None:
    run_id = leave_run(database, settings, *ENDED)
    imported = send(client, client.call(endpoints.BUNDLE_FILE, run_id=run_id))
    assert imported.run_id != run_id
    [note] = imported.notes
    assert run_id in note and imported.run_id in note
    assert client.call(endpoints.GET_RUN, run_id=imported.run_id).dataset == "sky"
    assert (
        client.call(endpoints.GET_METRICS, run_id=imported.run_id).series
        == client.call(endpoints.GET_METRICS, run_id=run_id).series
    )
    assert RunDir(settings.runs_dir / imported.run_id).spec().run_id == imported.run_id


@pytest.mark.parametrize(("choice", "steps"), [("kept", [7]), ("all", [0, 7]), ("none", [])])
def test_the_choice_of_checkpoints_is_what_the_zip_holds(
    client: Client, database: Database, settings: Settings, choice: str, steps: list[int]
) -> None:
    run_id = leave_run(database, settings, *ENDED)
    wanted = CheckpointChoice(choice)
    assert client.call(endpoints.DESCRIBE_BUNDLE, run_id=run_id).steps[wanted] == steps
    imported = send(client, client.call(endpoints.BUNDLE_FILE, run_id=run_id, checkpoints=wanted))
    assert client.call(endpoints.LIST_CHECKPOINTS, run_id=imported.run_id).steps == steps


def test_predictions_come_along_with_their_evaluation_under_whatever_id(
    client: Client, database: Database, settings: Settings, tmp_path: Path
) -> None:
    chances = np.random.default_rng(0).dirichlet(np.ones(10), 6)
    made = enter_evaluation(database, settings, np.arange(6) % 3, chances)
    content = client.call(endpoints.BUNDLE_FILE, run_id=made.run)
    pages = [client.call(endpoints.LIST_PREDICTIONS, evaluation_id=made.id, limit=10)]
    with other_home(tmp_path / "other") as (there, _, _):
        assert "quiet-spiral-1" in send(there, content).notes[-1]
        assert there.call(endpoints.LIST_EVALUATIONS) == [made]
        pages.append(there.call(endpoints.LIST_PREDICTIONS, evaluation_id=made.id, limit=10))
        assert there.call(endpoints.LIST_EVALUATIONS, encoder="quiet-spiral-1") == [made]
    chosen = [
        [(one.row, one.split, one.true, one.probabilities) for one in page.predictions] for page in pages
    ]
    assert chosen[0] == chosen[1]
    copy = send(client, content).run_id
    [twin] = client.call(endpoints.LIST_EVALUATIONS, run=copy)
    assert twin.id == made.id.replace(made.run, copy)
    assert (
        client.call(endpoints.LIST_PREDICTIONS, evaluation_id=twin.id).total
        == client.call(endpoints.LIST_PREDICTIONS, evaluation_id=made.id).total
    )


def test_a_run_at_work_is_taken_along_as_far_as_it_is(
    client: Client, database: Database, settings: Settings, tmp_path: Path
) -> None:
    run_id = leave_run(database, settings, S.STARTING, S.RUNNING)
    with RunDir(settings.runs_dir / run_id).metrics.open("a") as metrics:
        metrics.write('{"step": 9, "epo')  # the worker is just writing
    content = client.call(endpoints.BUNDLE_FILE, run_id=run_id)
    with other_home(tmp_path / "other") as (there, _, _):
        send(there, content)
        run = there.call(endpoints.GET_RUN, run_id=run_id)
        assert (run.state, run.reason) == (S.CANCELLED, "was running when it was exported")
        assert run.imported and not client.call(endpoints.GET_RUN, run_id=run_id).imported
        assert run.images_per_s is None  # of another machine: no estimate here goes by it
        assert (
            there.call(endpoints.GET_METRICS, run_id=run_id).series
            == client.call(endpoints.GET_METRICS, run_id=run_id).series
        )
        assert "resume" in refused(lambda: there.call(endpoints.RESUME_RUN, run_id=run_id)).detail


def test_a_dataset_that_comes_later_is_linked_by_its_digest(
    client: Client, database: Database, settings: Settings, tmp_path: Path
) -> None:
    run_id = leave_run(database, settings, *ENDED)
    content = client.call(endpoints.BUNDLE_FILE, run_id=run_id)
    digest = client.call(endpoints.GET_DATASET, name="sky").digest
    with other_home(tmp_path / "other") as (there, theirs, home):
        add_dataset(theirs, home, "sky", n=70)  # another one of that name
        imported = send(there, content)
        named = f"sky ({digest[:12]})"
        [note] = imported.notes
        assert f"dataset sky (digest {digest[:12]})" in note
        assert (
            there.call(endpoints.GET_RUN, run_id=run_id).dataset,
            there.call(endpoints.GET_RUN, run_id=run_id).config["dataset"],
        ) == (named, named)
        assert f"no dataset {named}" in refused(lambda: there.call(endpoints.RETRY_RUN, run_id=run_id)).detail
        enter_dataset(theirs, home, SimulateConfig(name="heavens", n=60, img_size=32))
        assert there.call(endpoints.GET_DATASET, name="heavens").digest == digest
        linked = there.call(endpoints.GET_RUN, run_id=run_id)
        assert (linked.dataset, linked.config["dataset"]) == ("heavens", "heavens")


def test_another_dataset_of_its_name_that_comes_later_is_not_taken_for_its_own(
    client: Client, database: Database, settings: Settings, tmp_path: Path
) -> None:
    run_id, digest = (
        leave_encoder(database, settings, eval_dataset="sky"),
        client.call(endpoints.GET_DATASET, name="sky").digest,
    )
    content, apart = client.call(endpoints.BUNDLE_FILE, run_id=run_id), f"sky ({digest[:12]})"
    with other_home(tmp_path / "other") as (there, theirs, home):

        def called() -> tuple[object, ...]:
            run = there.call(endpoints.GET_RUN, run_id=run_id)
            return run.dataset, run.config["dataset"], run.config["eval_dataset"]

        send(there, content)
        assert called() == ("sky",) * 3
        add_dataset(theirs, home, "sky", n=70)
        assert called() == (apart,) * 3
        assert f"no dataset {apart}" in refused(lambda: there.call(endpoints.RETRY_RUN, run_id=run_id)).detail
        twin = send(
            there, zipped(unzipped(content), change=lambda manifest: manifest["run"].update(note="2"))
        )
        assert there.call(endpoints.GET_RUN, run_id=twin.run_id).config["eval_dataset"] == apart
        there.call(endpoints.CHANGE_DATASET, name="sky", body=DatasetChange(name="night"))
        assert called() == (apart,) * 3
        enter_dataset(theirs, home, SimulateConfig(name="sky", n=60, img_size=32))
        assert called() == ("sky",) * 3


def test_references_come_along_where_nobody_can_compute_them(
    client: Client, database: Database, settings: Settings, tmp_path: Path
) -> None:
    files = unzipped(client.call(endpoints.BUNDLE_FILE, run_id=leave_run(database, settings, *ENDED)))

    def add(manifest: dict[str, dict[str, object]]) -> None:
        manifest["run"]["references"] = {"majority": 0.25}

    content = zipped(files, change=add)
    assert "majority" not in client.call(endpoints.GET_RUN, run_id=send(client, content).run_id).baselines
    with other_home(tmp_path / "other") as (there, _, _):
        assert there.call(endpoints.GET_RUN, run_id=send(there, content).run_id).baselines["majority"] == 0.25


def test_a_log_of_one_line_is_taken_along_and_of_a_long_one_the_end(
    client: Client, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = leave_run(database, settings, *ENDED)
    log = RunDir(settings.runs_dir / run_id).log
    log.write_text("nothing new on this front today\n" * 41_000)  # deflated some 250 times
    copy = send(client, client.call(endpoints.BUNDLE_FILE, run_id=run_id)).run_id
    assert RunDir(settings.runs_dir / copy).log.read_bytes() == log.read_bytes()
    monkeypatch.setattr(snapshot, "MAX_LOG_BYTES", 11)
    assert unzipped(client.call(endpoints.BUNDLE_FILE, run_id=run_id))["log.txt"] == b"ront today\n"


def test_what_killed_imports_left_goes_after_a_day_and_what_is_at_work_stays(
    client: Client, database: Database, settings: Settings
) -> None:
    content = client.call(endpoints.BUNDLE_FILE, run_id=leave_run(database, settings, *ENDED))
    place = settings.home / "importing"
    for age, name in ((25, "old"), (23, "new")):
        (place / name / "runs").mkdir(parents=True)
        (place / f"{name}.db").touch()
        (place / f"{name}.db-wal").touch()
        for path in place.glob(f"{name}*"):
            os.utime(path, (time.time() - age * 3600,) * 2)
    send(client, content)
    assert sorted(path.name for path in place.iterdir()) == ["new", "new.db", "new.db-wal"]


def test_jobs_without_results_are_not_taken_along(client: Client, http: TestClient) -> None:
    assert refused(lambda: client.call(endpoints.BUNDLE_FILE, run_id="no-such-run")).status == 404
    assert http.get("/runs/no-such-run/bundle.zip", params={"checkpoints": "some"}).status_code == 422


def test_the_shell_writes_and_takes_in_the_same_zip(
    client: Client, database: Database, settings: Settings, tmp_path: Path
) -> None:
    run_id = leave_run(database, settings, *ENDED)
    write_json(settings.runs_dir / run_id / "unknown.json", {})
    out = tmp_path / "run.zip"
    answer = call(settings.home, "runs", "export", run_id, "--zip", str(out), "--checkpoints", "all")
    assert answer.returncode == 0, answer.stderr
    assert out.read_bytes() == client.call(
        endpoints.BUNDLE_FILE, run_id=run_id, checkpoints=CheckpointChoice.ALL
    )
    assert "not resumed" in " ".join(answer.stderr.split())
    there = tmp_path / "other" / "home"
    first = call(there, "runs", "import", str(out), "--json")
    assert json.loads(first.stdout)["run_id"] == run_id
    assert run_id in call(there, "runs", "import", str(out)).stdout
    nothing = call(settings.home, "runs", "export", run_id)
    assert nothing.returncode == 1 and "--zip" in nothing.stderr
    missing = call(there, "runs", "import", str(tmp_path / "nowhere.zip"))
    assert missing.returncode == 1 and "nowhere.zip does not exist" in missing.stderr
