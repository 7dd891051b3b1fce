"""The console script: JSON on stdout, one sentence for a mistake."""

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.cli.shell import Answer, call, shell

TINY = (
    "img_size=32 embed_dim=32 depth=1 num_heads=1 decoder_embed_dim=32 decoder_depth=1 decoder_num_heads=1 "
    "batch_size=16 epochs=4 warmup_epochs=1 eval_every_epochs=2"
).split()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def printed(answer: Answer) -> Any:
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def refused(answer: Answer) -> str:
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr
    [sentence] = [line for line in answer.stderr.splitlines() if line.startswith("error: ")]
    return sentence


@pytest.fixture(scope="module")
def trained(home: Path) -> dict[str, Any]:
    """A tiny pretraining, launched and awaited from the shell with no server running."""
    printed(shell(home, "data", "simulate", "--name", "sky", "--n", "200", "--img-size", "32", "--json"))
    settings = [word for setting in TINY for word in ("--set", setting)]
    run: dict[str, Any] = printed(
        shell(home, "run", "pretrain", "--dataset", "sky", *settings, "--wait", "--json")
    )
    return run


def test_wait_prints_the_run_with_its_references(trained: dict[str, Any]) -> None:
    assert (trained["kind"], trained["state"]) == ("pretrain", "succeeded")
    metrics, baselines = trained["metrics"], trained["baselines"]
    probes = {"val/knn_accuracy", "val/linear_accuracy", "val/linear_balanced_accuracy", "val/rankme"}
    assert probes | {"train/loss"} <= set(metrics)
    names = ["majority", "raw_pixel_knn", "raw_pixel_linear", "random_init_knn", "random_init_linear"]
    expected = {f"{name}_{kind}" for name in names for kind in ("accuracy", "balanced_accuracy")}
    assert expected <= set(baselines)
    assert all(0 <= baselines[key] <= 1 for key in expected)
    assert baselines["majority_balanced_accuracy"] == pytest.approx(0.1)
    assert trained["images_per_s"] > 0
    assert trained["progress"]["step"] == 4 * (160 // 16)


def test_lists_are_newest_first_and_agree_with_show(home: Path, trained: dict[str, Any]) -> None:
    runs = printed(call(home, "runs", "list", "--json"))
    assert [run["id"] for run in runs] == [trained["id"]]
    everything = printed(call(home, "runs", "list", "--all", "--json"))
    assert [run["kind"] for run in everything] == ["baselines", "pretrain", "simulate"]
    shown = printed(call(home, "runs", "show", trained["id"], "--json"))
    assert shown["metrics"] == trained["metrics"]
    assert shown["verdict"]["state"] == "too early"
    assert shown["verdict"]["sentence"] in call(home, "runs", "show", trained["id"]).stdout
    dataset = next(one for one in printed(call(home, "data", "list", "--json")) if one["name"] == "sky")
    assert (dataset["name"], dataset["n"], dataset["img_size"], len(dataset["bands"])) == ("sky", 200, 32, 3)
    assert sum(dataset["class_counts"].values()) == 200
    assert dataset["simulated"] is True
    assert dataset["provenance"]["kind"] == "simulated"


def test_stopping_an_ended_run_has_no_effect(home: Path, trained: dict[str, Any]) -> None:
    assert printed(call(home, "runs", "stop", trained["id"], "--json"))["state"] == "succeeded"


def test_without_a_supervisor_a_launch_is_queued_and_says_so(home: Path, trained: dict[str, Any]) -> None:
    answer = call(home, "run", "pretrain", "--dataset", "sky", "--json")
    run = printed(answer)
    assert run["state"] == "queued"
    assert "galaxyscope up" in answer.stderr
    assert printed(call(home, "runs", "stop", run["id"], "--json"))["state"] == "cancelled"


@pytest.mark.parametrize(
    ("words", "code", "value"),
    [
        (["runs", "show", "no-such-run-1"], "run_not_found", "no-such-run-1"),
        (["runs", "stop", "no-such-run-1"], "run_not_found", "no-such-run-1"),
        (["run", "pretrain", "--dataset", "andromeda"], "dataset_not_found", "andromeda"),
        (["run", "pretrain", "--dataset", "sky", "--preset", "huge"], "unknown_preset", "huge"),
        (["run", "pretrain", "--dataset", "sky", "--set", "depth"], "bad_setting", "depth"),
        (["run", "pretrain", "--dataset", "sky", "--set", "patch_size=7"], "invalid_config", "img_size 64"),
        (["run", "pretrain", "--dataset", "sky", "--set", "depht=4"], "invalid_config", "depht"),
        (["data", "simulate", "--name", "sky"], "dataset_exists", "sky"),
        (["data", "simulate", "--name", "../sky"], "invalid_config", "'../sky'"),
        (["data", "rename", "sky", "../sky"], "invalid_config", "../sky"),
        (["data", "download", "galaxy11"], "invalid_config", "'galaxy11'"),
        (["data", "subset", "sky", "--name", "part", "--class", "Quasar"], "unknown_class", "Quasar"),
        (["run", "pretrain", "--config", "/no/such.yaml"], "system", "/no/such.yaml"),
        (["run", "pretrain"], "no_dataset", "--dataset"),
        (["data", "import", "/no/such/folder", "--name", "x"], "no_such_file", "/no/such/folder"),
    ],
)  # fmt: skip
def test_a_mistake_gets_a_code_and_one_sentence_with_the_value(
    home: Path, trained: dict[str, Any], words: list[str], code: str, value: str
) -> None:
    answer = call(home, *words, *([] if words[:2] == ["data", "rename"] else ["--json"]))
    assert answer.returncode == 1
    [sentence] = answer.stderr.splitlines()
    assert sentence.startswith("error: ")
    assert value in sentence
    assert words[1] == "rename" or json.loads(answer.stdout)["code"] == code


def test_options_override_a_launch_file(home: Path, trained: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("dataset: sky\npreset: demo-60s\nname: from a file\nepochs: 7\nblr: 1e-3\n")
    run = printed(call(home, "run", "pretrain", "--config", str(path), "--set", "epochs=9", "--json"))
    assert (run["dataset"], run["preset"], run["name"]) == ("sky", "demo-60s", "from a file")
    assert (run["config"]["epochs"], run["config"]["blr"]) == (9, 1e-3)
    printed(call(home, "runs", "stop", run["id"], "--json"))


def test_a_preflight_measures_for_the_next_estimate(home: Path, trained: dict[str, Any]) -> None:
    settings = [word for setting in TINY for word in ("--set", setting)]
    found = printed(call(home, "run", "preflight", "--dataset", "sky", *settings, "--json"))
    assert found["source"] == "measured"
    assert found["memory_bytes"] > 1e6
    assert found["images_per_s"] > 0
    assert 0 < found["epoch_s"] < found["total_s"]


def test_an_encoder_is_evaluated_by_a_job(home: Path, trained: dict[str, Any]) -> None:
    words = ("--run", trained["id"], "--heads", "knn,linear,mlp", "--depths", "all")
    found = printed(call(home, "evaluate", *words, "--json"))
    assert (found["run"], found["dataset"]) == (trained["id"], "sky")
    assert [one["head"] for one in found["heads"]] == ["knn", "linear", "mlp"]
    for one in found["heads"]:
        matrix = np.array(one["confusion_matrix"])
        assert (one["depth"], one["pooling"], one["n"], matrix.sum()) == (1, "mean", 20, 20)
        assert one["accuracy"] == pytest.approx(np.trace(matrix) / 20)
        assert one["accuracy_ci95"][0] <= one["accuracy"] <= one["accuracy_ci95"][1]
        assert 0 <= one["macro_f1"] <= 1
    names = {"majority", "raw_pixel_knn", "raw_pixel_linear"} | {
        f"random_init_{head}" for head in ("knn", "linear", "mlp")
    }
    expected = {f"{name}_{kind}" for name in names for kind in ("accuracy", "balanced_accuracy")}
    assert set(found["baselines"]) == expected
    job = printed(call(home, "runs", "show", found["job"], "--json"))
    assert (job["kind"], job["lane"], job["state"]) == ("probe", "light", "succeeded")
    assert {"val/mlp_balanced_accuracy", "test/linear_accuracy"} <= set(job["metrics"])
    queued = printed(call(home, "run", "probe", "--from", trained["id"], "--set", "heads=knn,mlp", "--json"))
    assert (queued["state"], queued["config"]["heads"]) == ("queued", ["knn", "mlp"])
    assert call(home, "runs", "stop", queued["id"]).returncode == 0
    assert found["job"] in refused(call(home, "evaluate", "--run", found["job"]))


def test_the_doctor_names_the_device_and_trains_on_it(home: Path, trained: dict[str, Any]) -> None:
    machine = printed(call(home, "doctor", "--json"))
    assert machine["kind"] in ("cpu", "cuda")
    assert bool(machine["why_cpu"]) is (machine["kind"] == "cpu")
    assert machine["self_test"]["images_per_s"] > 0
    assert machine["torch"].startswith(machine["packages"]["torch"].partition("+")[0])


def test_a_subset_keeps_its_split_and_the_split_is_printed_as_csv(
    home: Path, trained: dict[str, Any], tmp_path: Path
) -> None:
    table = call(home, "data", "split", "sky").stdout
    lines = table.splitlines()
    assert (lines[0], len(lines)) == ("row,source_id,split", 201)
    part = printed(call(home, "data", "subset", "sky", "--name", "part", "--split", "val",
                         "--split", "train", "--json"))  # fmt: skip
    assert part["split_counts"] == {"train": 160, "val": 20, "test": 0}
    path = tmp_path / "split.csv"
    path.write_text(table.replace(",test\n", ",train\n"))
    again = printed(call(home, "data", "subset", "sky", "--name", "again", "--split-table", str(path),
                          "--json"))  # fmt: skip
    assert again["split_counts"] == {"train": 180, "val": 20, "test": 0}
    assert call(home, "data", "delete", "part", "--yes").returncode == 0
    assert not (home / "datasets" / "part.h5").exists()


def test_an_error_is_also_json(home: Path) -> None:
    answer = shell(home, "runs", "show", "no-such-run-1", "--json")
    assert answer.returncode == 1
    assert json.loads(answer.stdout)["code"] == "run_not_found"


def test_a_failed_import_leaves_nothing(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "odd.h5"
    with h5py.File(path, "w") as file:
        file["images"] = np.zeros((30, 32, 32, 3), dtype=np.uint8)
        file["ans"] = np.full(30, 77, dtype=np.uint8)
    words = ("data", "import", str(path), "--name", "odd", "--class-names", "round,long")
    assert "77" in refused(call(home, *words))
    assert not any((home / "datasets").glob("*odd*"))
    assert "odd" not in [dataset["name"] for dataset in printed(call(home, "data", "list", "--json"))]
