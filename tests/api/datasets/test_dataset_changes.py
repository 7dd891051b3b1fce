"""Rename, describe, delete: what people and runs see afterwards."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from backend.db.engine import Database
from backend.jobs.run_dir import RunDir
from backend.settings import Settings
from shared.base.states import RunState
from shared.configs import ImportConfig
from tests.api.conftest import Move, add_dataset, enter_dataset

S = RunState


def launch(http: TestClient, **config: Any) -> str:
    values = {"dataset": "sky", "batch_size": 8} | config
    answer = http.post("/runs", json={"kind": "pretrain", "preset": "demo-60s", "config": values})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_renamed_dataset_keeps_its_pixels_and_its_runs_follow(
    http: TestClient, sky: Path, settings: Settings
) -> None:
    run_id = launch(http)
    picture = http.get("/datasets/sky/images/7.png").content
    renamed = http.patch("/datasets/sky", json={"name": "night", "description": " Drawn. "}).json()
    assert (renamed["name"], renamed["description"], renamed["n"]) == ("night", "Drawn.", 60)
    assert http.get("/datasets/sky").status_code == 404
    assert http.get("/datasets/night/images/7.png").content == picture
    run = http.get(f"/runs/{run_id}").json()
    assert (run["dataset"], run["config"]["dataset"]) == ("night", "night")
    spec = RunDir(settings.runs_dir / run_id).spec()
    assert (settings.home / str(spec.dataset_file)).is_file()  # what a worker opens is where it was


def test_a_new_dataset_may_take_the_name_that_another_gave_up(
    http: TestClient, sky: Path, database: Database, settings: Settings
) -> None:
    http.patch("/datasets/sky", json={"name": "old-sky"})
    second = add_dataset(database, settings, "sky", n=40)
    assert second != sky
    assert {one["name"]: one["n"] for one in http.get("/datasets").json()} == {"sky": 40, "old-sky": 60}
    assert http.get("/datasets/old-sky/galaxies").json()["total"] == 60


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"name": "../etc"}, 422, "../etc"),
        ({"name": "twin"}, 409, "there is already a dataset named twin"),
        ({"description": "x" * 2001}, 422, "2000"),
        ({"colour": "red"}, 422, "colour"),
    ],
)
def test_a_change_that_cannot_be_names_the_value_and_changes_nothing(
    http: TestClient, sky: Path, database: Database, settings: Settings,
    change: dict[str, str], status: int, says: str,
) -> None:  # fmt: skip
    add_dataset(database, settings, "twin", n=20)
    before = http.get("/datasets/sky").json()
    answer = http.patch("/datasets/sky", json=change)
    assert answer.status_code == status
    assert says in answer.json()["detail"]
    assert http.get("/datasets/sky").json() == before


def test_a_dataset_that_a_run_needs_is_not_deleted(
    http: TestClient, sky: Path, database: Database, settings: Settings, move: Move
) -> None:
    add_dataset(database, settings, "labels", n=40)
    done, waiting = launch(http), launch(http, eval_dataset="labels")
    move(done, S.STARTING, S.RUNNING, S.SUCCEEDED)
    preview = http.get("/datasets/sky/deletion").json()
    assert (preview["runs"], preview["blocked_by"]) == ([done], [waiting])
    assert preview["size_bytes"] == sky.stat().st_size
    assert http.get("/datasets/labels/deletion").json()["blocked_by"] == [waiting]
    refused = http.delete("/datasets/sky")
    assert (refused.status_code, refused.json()["code"]) == (409, "dataset_in_use")
    assert waiting in refused.json()["detail"]
    assert sky.exists()


def test_deleting_takes_the_file_and_leaves_the_results_of_runs(
    http: TestClient, sky: Path, move: Move
) -> None:
    run_id = launch(http)
    move(run_id, S.STARTING, S.RUNNING, S.PAUSING, S.PAUSED)
    assert http.get("/datasets/sky/deletion").json()["runs"] == [run_id]
    assert http.delete("/datasets/sky").status_code == 204
    assert not sky.exists()
    assert http.get("/datasets").json() == []
    assert http.get(f"/runs/{run_id}").json()["dataset"] == "sky"


def test_runs_on_a_deleted_dataset_are_not_on_the_next_of_its_name(
    http: TestClient, sky: Path, database: Database, settings: Settings, move: Move
) -> None:
    add_dataset(database, settings, "labels", n=40)
    first = {name: http.get(f"/datasets/{name}").json()["digest"] for name in ("sky", "labels")}
    on_both, deleted = launch(http, eval_dataset="labels"), launch(http)
    for run_id in (on_both, deleted):
        move(run_id, S.STARTING, S.RUNNING, S.SUCCEEDED)
    assert http.delete(f"/runs/{deleted}").is_success
    for name, n in (("sky", 50), ("labels", 30)):
        assert http.delete(f"/datasets/{name}").status_code == 204
        add_dataset(database, settings, name, n=n)
    config = http.get(f"/runs/{on_both}").json()["config"]
    apart = {name: f"{name} ({digest[:12]})" for name, digest in first.items()}
    assert (config["dataset"], config["eval_dataset"]) == (apart["sky"], apart["labels"])
    new = launch(http, eval_dataset="labels")
    http.patch("/datasets/sky", json={"name": "night"})
    add_dataset(database, settings, "dawn")  # the galaxies of the first sky again
    runs = [http.get(f"/runs/{run_id}").json() for run_id in (on_both, new)]
    assert [(run["dataset"], run["config"]["dataset"]) for run in runs] == [("dawn",) * 2, ("night",) * 2]
    assert http.post(f"/runs/{deleted}/restore").json()["dataset"] == "dawn"


def test_the_probes_of_a_run_may_be_judged_on_another_dataset(
    http: TestClient, sky: Path, database: Database, settings: Settings
) -> None:
    labels = add_dataset(database, settings, "labels", n=40)
    spec = RunDir(settings.runs_dir / launch(http, eval_dataset="labels")).spec()
    assert spec.eval_dataset_file == f"datasets/{labels.name}"
    assert spec.eval_dataset_digest == http.get("/datasets/labels").json()["digest"]
    values = {"dataset": "sky", "eval_dataset": "moon"}
    refused = http.post("/runs", json={"kind": "pretrain", "config": values})
    assert (refused.status_code, refused.json()["field"]) == (404, "eval_dataset")


def import_labelled(
    database: Database, settings: Settings, folder: Path, names: str, redshift: float
) -> Path:
    """The dataset `own`, always of the same pixels and label numbers."""
    images = np.random.default_rng(0).integers(0, 255, (40, 16, 16, 3), dtype=np.uint8)
    labels = np.array([names[row % 2] for row in range(40)])
    np.savez(folder / "own.npz", images=images, labels=labels, redshift=np.full(40, redshift))
    config = ImportConfig(path=str(folder / "own.npz"), name="own")
    return enter_dataset(database, settings, config)


def test_a_dataset_made_anew_with_other_columns_shows_those(
    http: TestClient, database: Database, settings: Settings, tmp_path: Path
) -> None:
    import_labelled(database, settings, tmp_path, "ab", 0.1)
    before = http.get("/datasets/own").json()
    assert http.get("/datasets/own/galaxies").json()["galaxies"][0]["label"] == "a"
    http.delete("/datasets/own")
    import_labelled(database, settings, tmp_path, "xy", 0.9)
    assert http.get("/datasets/own").json()["digest"] == before["digest"]
    galaxy = http.get("/datasets/own/galaxies").json()["galaxies"][0]
    assert (galaxy["label"], galaxy["redshift"]) == ("x", 0.9)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux lists what is mapped")
def test_a_deleted_dataset_gives_its_room_on_the_disk_back(http: TestClient, sky: Path) -> None:
    assert http.get("/datasets/sky/images/3.png").status_code == 200
    assert str(sky) in Path("/proc/self/maps").read_text()
    http.delete("/datasets/sky")
    assert str(sky) not in Path("/proc/self/maps").read_text()


def test_the_table_of_a_subset_is_found_by_a_worker_in_another_folder(
    http: TestClient, sky: Path, settings: Settings
) -> None:
    table = settings.data_roots[0] / "split.csv"
    table.write_text(http.get("/datasets/sky/split.csv").text)
    values = {"dataset": "sky", "name": "again", "split_table": "split.csv"}
    answer = http.post("/runs", json={"kind": "subset", "config": values})
    assert answer.status_code == 201, answer.text
    assert answer.json()["config"]["split_table"] == str(table)
