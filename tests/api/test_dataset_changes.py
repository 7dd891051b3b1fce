"""Rename, describe, delete: what people and runs see afterwards."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from backend.db.engine import Database
from backend.jobs.run_dir import RunDir
from backend.settings import Settings
from shared.runs import RunState
from tests.api.conftest import Move, add_dataset

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
