"""Checkpoints in memory: which, how many, and those that are gone, damaged or without a decoder."""

import shutil
import threading

import pytest
import torch
from safetensors.torch import load_file, save_file
from starlette.testclient import TestClient

from backend.db.engine import Database
from backend.errors import NotFoundError
from backend.ml.checkpoints.store import CheckpointStore, build_model
from backend.services.reconstruction import models
from backend.settings import Settings
from shared.configs import SimulateConfig
from shared.configs.kinds import RunKind
from tests.api.reconstruction.conftest import Train, asked, reconstruct, refusal
from tests.homes import enqueue


def test_weights_written_anew_under_the_same_step_are_looked_at_anew(
    http: TestClient, settings: Settings, train: Train
) -> None:
    run = train(1)
    before = reconstruct(http, run)
    store = CheckpointStore(settings.runs_dir / run / "checkpoints", 12)
    other = build_model(store.meta(1))
    store.save(1, other, store.meta(1))
    assert reconstruct(http, run)["loss"] != before["loss"]


def test_checkpoints_are_listed_and_chosen_by_last_best_and_step(http: TestClient, train: Train) -> None:
    run = train(0, 10, 20, best=10)
    found = http.get(f"/runs/{run}/checkpoints").json()
    assert (found["steps"], found["last"], found["best"], found["loaded"]) == ([0, 10, 20], 20, 10, [])
    steps = [reconstruct(http, run, viewed={"checkpoint": name})["step"] for name in ("last", "best", "0")]
    assert steps == [20, 10, 0]
    assert http.get(f"/runs/{run}/checkpoints").json()["loaded"] == [0, 10, 20]


def test_a_checkpoint_deleted_meanwhile_is_told_with_those_that_exist(
    http: TestClient, settings: Settings, train: Train
) -> None:
    run = train(10, 20)
    reconstruct(http, run, viewed={"checkpoint": "10"})  # it is in memory, and yet gone
    shutil.rmtree(settings.runs_dir / run / "checkpoints" / "step_00000010")
    answer = http.post("/reconstructions", json=asked(run, viewed={"checkpoint": "10"}))
    code, detail = refusal(answer, 404)
    assert code == "checkpoint_not_found"
    assert "no checkpoint 10" in detail
    assert "there are: 20" in detail


def test_only_a_few_models_stay_in_memory(http: TestClient, train: Train) -> None:
    run = train(*range(7))
    for step in range(7):
        reconstruct(http, run, viewed={"checkpoint": str(step)})
    assert http.get(f"/runs/{run}/checkpoints").json()["loaded"] == [3, 4, 5, 6][-models.MAX_MODELS :]


def test_a_picture_goes_before_a_ladder_that_is_being_drawn() -> None:
    """Of two who wait for a model, the patient one lets the other go first."""
    turns, order = models.PriorityLock(), []
    holding, release = threading.Event(), threading.Event()

    def take(name: str, patient: bool) -> None:
        with turns.take(patient=patient):
            order.append(name)
            if name == "first":
                holding.set()
                release.wait(240)

    threads = [threading.Thread(target=take, args=("first", True))]
    threads[0].start()
    holding.wait(240)
    threads += [
        threading.Thread(target=take, args=(name, name != "picture"))
        for name in ("rung", "other rung", "picture")
    ]
    for thread in threads[1:]:
        thread.start()
    while turns.waiting < 3:
        threading.Event().wait(0.01)
    release.set()
    for thread in threads:
        thread.join(240)
    assert order[:2] == ["first", "picture"]
    assert sorted(order[2:]) == ["other rung", "rung"]


def test_an_encoder_without_a_decoder_is_refused_with_that_reason(
    http: TestClient, settings: Settings, train: Train
) -> None:
    run = train(5)
    path = settings.runs_dir / run / "checkpoints" / "step_00000005" / "model.safetensors"
    encoder = {k: v for k, v in load_file(path).items() if "decoder" not in k and k != "mask_token"}
    save_file(encoder, path)
    code, detail = refusal(http.post("/reconstructions", json=asked(run)), 422)
    assert code == "no_decoder"
    assert "decoder" in detail
    assert http.get(f"/runs/{run}/checkpoints").json()["loading"] == []


def test_weights_of_another_shape_are_refused_and_not_kept(
    http: TestClient, settings: Settings, train: Train
) -> None:
    run = train(5)
    path = settings.runs_dir / run / "checkpoints" / "step_00000005" / "model.safetensors"
    weights = load_file(path)
    save_file(weights | {"cls_token": torch.zeros(1, 1, 7)}, path)
    assert refusal(http.post("/reconstructions", json=asked(run)), 422)[0] == "damaged_checkpoint"
    save_file(weights, path)
    assert reconstruct(http, run)["step"] == 5


def test_a_job_that_trains_nothing_has_no_checkpoints(
    http: TestClient, database: Database, settings: Settings
) -> None:
    config = SimulateConfig(name="more", n=20, img_size=32)
    run = enqueue(database, settings.runs_dir, RunKind.SIMULATE, config)
    assert refusal(http.get(f"/runs/{run}/checkpoints"), 422)[0] == "no_model"


def test_a_checkpoint_that_goes_while_it_is_chosen_leaves_no_trace_in_memory(
    database: Database, settings: Settings, train: Train
) -> None:
    run, cache = train(10, 20), models.ModelCache(database, settings)
    pinned = cache.pin(run, "10")
    shutil.rmtree(settings.runs_dir / run / "checkpoints" / "step_00000010")
    with pytest.raises(NotFoundError, match="no checkpoint 10.*there are: 20"):
        cache.get(pinned)
    found = cache.checkpoints(run)
    assert (found.steps, found.loaded, found.loading) == ([20], [], [])


def test_models_whose_weights_are_too_many_bytes_make_way(
    database: Database, settings: Settings, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, cache = train(1, 2, 3), models.ModelCache(database, settings)
    size = cache.get(cache.pin(run, "1")).weight_bytes
    monkeypatch.setattr(models, "MAX_BYTES", 2 * size)
    for step in ("2", "3"):
        cache.get(cache.pin(run, step))
    assert cache.checkpoints(run).loaded == [2, 3]
    monkeypatch.setattr(models, "MAX_BYTES", 1)
    cache.get(cache.pin(run, "1"))
    assert cache.checkpoints(run).loaded == [1]
