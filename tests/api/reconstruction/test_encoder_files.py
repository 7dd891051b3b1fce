"""The encoder of a run as a file: timm gives its features by the example we print, and so do we again."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from starlette.testclient import TestClient

from backend.db.engine import Database
from backend.jobs.run_dir import RunDir
from backend.jobs.tasks import classify, import_model
from backend.ml.explore.loading import load_checkpoint
from backend.settings import Settings
from frontend.api.client import Client
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.bundles import timm_example
from shared.contract.runs import RunRequest
from tests.api.conftest import Move, refused
from tests.api.encoders import leave_encoder, work
from tests.cli.shell import call

pytestmark = pytest.mark.usefixtures("sky")
SIDE = 16


def by_timm(path: Path, monkeypatch: pytest.MonkeyPatch, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """What the very example that people are shown gives."""
    monkeypatch.chdir(path.parent)
    names: dict[str, Any] = {}
    exec(timm_example(path.name), names)
    found: tuple[torch.Tensor, ...] = names["features"](images)
    return found


@torch.inference_mode()
def by_us(settings: Settings, run_id: str, step: int, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
    loaded = load_checkpoint(RunDir(settings.runs_dir / run_id).checkpoints, step)
    mean, std = (values.view(1, -1, 1, 1) for values in (loaded.mean, loaded.std))
    tokens = loaded.model.forward_features((images - mean) / std)
    return tokens[:, 0], tokens[:, 1:].mean(dim=1)


def saved(client: Client, run_id: str, path: Path, checkpoint: str = "best") -> Path:
    path.write_bytes(client.call(endpoints.ENCODER_FILE, run_id=run_id, checkpoint=checkpoint))
    return path


def test_timm_gives_our_features_by_the_example(
    client: Client, database: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = leave_encoder(database, settings, mlp_ratio=2.5)
    path = saved(client, run_id, tmp_path / "encoder.safetensors")
    images = torch.rand(3, 3, SIDE, SIDE)
    for ours, theirs in zip(
        by_us(settings, run_id, 7, images), by_timm(path, monkeypatch, images), strict=True
    ):
        torch.testing.assert_close(theirs, ours, rtol=0, atol=1e-5)
    other = by_us(settings, run_id, 0, images)[0]
    torch.testing.assert_close(
        by_timm(saved(client, run_id, path, "0"), monkeypatch, images)[0], other, rtol=0, atol=1e-5
    )


def test_the_header_says_what_a_user_has_to_know(
    client: Client, database: Database, settings: Settings, tmp_path: Path
) -> None:
    run_id = leave_encoder(database, settings)
    with safe_open(saved(client, run_id, tmp_path / "e.safetensors"), framework="pt") as file:
        facts = json.loads(file.metadata()["galaxyscope"])
        shape = tuple(file.get_tensor("pos_embed").shape)
    assert shape == (1, 1 + 16, 32)
    assert facts["timm"] == {
        "img_size": 16, "patch_size": 4, "in_chans": 3, "embed_dim": 32, "depth": 2, "num_heads": 2,
        "mlp_ratio": 4.0, "class_token": True, "global_pool": "token", "num_classes": 0,
    }  # fmt: skip
    assert (facts["run"], facts["step"], facts["mean"], facts["std"]) == (run_id, 7, [0.2] * 3, [0.1] * 3)
    assert facts["dataset_digest"] == client.call(endpoints.GET_DATASET, name="sky").digest


def test_an_exported_encoder_comes_back_as_an_imported_model(
    client: Client, database: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = leave_encoder(database, settings)
    path = saved(client, run_id, tmp_path / "encoder.safetensors")
    values = {"path": str(path), "num_heads": 2, "mean": [0.2] * 3, "std": [0.1] * 3}
    adopted = client.call(endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.IMPORT_MODEL, config=values)).id
    result = work(import_model, settings, adopted)
    assert result.outcome == "succeeded" and "encoder only" in str(result.reason), result.reason
    images = torch.rand(2, 3, SIDE, SIDE)
    before, after = by_us(settings, run_id, 7, images), by_us(settings, adopted, 0, images)
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
    again = saved(client, adopted, tmp_path / "again.safetensors")
    torch.testing.assert_close(by_timm(again, monkeypatch, images)[0], before[0], rtol=0, atol=1e-5)


def test_of_a_classifier_the_encoder_goes_without_its_head(
    client: Client, database: Database, settings: Settings, move: Move, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    values = {"dataset": "sky", "img_size": 16, "patch_size": 4, "embed_dim": 32, "depth": 1, "num_heads": 2}
    values |= {"epochs": 1, "batch_size": 16, "warmup_epochs": 0, "device": "cpu"}
    run_id = client.call(endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.SUPERVISED, config=values)).id
    assert work(classify, settings, run_id).outcome == "succeeded"
    path = tmp_path / "encoder.safetensors"
    answer = call(settings.home, "runs", "export", run_id, "--encoder", str(path), "--checkpoint", "last")
    assert answer.returncode == 0, answer.stderr
    assert "the head is left out" in answer.stderr and timm_example("encoder.safetensors") in answer.stdout
    images = torch.rand(2, 3, SIDE, SIDE)
    step = client.call(endpoints.LIST_CHECKPOINTS, run_id=run_id).last or 0
    ours, theirs = by_us(settings, run_id, step, images)[0], by_timm(path, monkeypatch, images)[0]
    torch.testing.assert_close(theirs, ours, rtol=0, atol=1e-5)


def test_what_has_no_encoder_is_refused_with_what_there_is(
    client: Client, database: Database, settings: Settings, http: TestClient
) -> None:
    run_id = leave_encoder(database, settings)
    assert refused(
        lambda: client.call(endpoints.ENCODER_FILE, run_id=run_id, checkpoint="5")
    ).detail.endswith(": 0, 7")
    assert http.get(f"/runs/{run_id}/encoder.safetensors", params={"checkpoint": "../7"}).status_code == 422
    weights = settings.runs_dir / run_id / "checkpoints" / "step_00000007" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:99])
    assert (
        "checkpoint 7 does not load"
        in refused(lambda: client.call(endpoints.ENCODER_FILE, run_id=run_id)).detail
    )
