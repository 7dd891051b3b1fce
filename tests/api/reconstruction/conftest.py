"""Runs with checkpoints to look into, and what a page asks of them."""

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from starlette.testclient import TestClient

from backend.db.engine import Database
from backend.ml.checkpoints.store import CheckpointStore, model_from_config
from backend.settings import Settings
from shared.configs import PretrainConfig
from shared.configs.kinds import RunKind
from shared.contract.endpoints import API
from tests.homes import enqueue

TINY = {
    "img_size": 16,
    "patch_size": 4,
    "crop_size": 24,
    "embed_dim": 32,
    "depth": 2,
    "num_heads": 2,
    "decoder_embed_dim": 32,
    "decoder_depth": 1,
    "decoder_num_heads": 1,
}
Train = Callable[..., str]


@pytest.fixture
def train(database: Database, settings: Settings, sky: Path) -> Train:
    """Leaves a run with checkpoints of the given steps, of random weights; returns its id."""

    def make(*steps: int, channels: int = 3, best: int | None = None, **values: Any) -> str:
        config = PretrainConfig.model_validate({"dataset": "sky"} | TINY | values)
        run_id = enqueue(database, settings.runs_dir, RunKind.PRETRAIN, config)
        store = CheckpointStore(settings.runs_dir / run_id / "checkpoints", 12)
        mean, std = [0.2] * channels, [0.1] * channels
        meta = {"config": config.model_dump(mode="json"), "channels": channels, "mean": mean, "std": std}
        for step in steps:
            with torch.random.fork_rng():
                torch.manual_seed(step)
                store.save(step, model_from_config(config, channels), meta)
        if best is not None:
            store.mark_best(best)
        return run_id

    return make


def asked(run: str, **changes: Any) -> dict[str, Any]:
    viewed = {"run": run, "row": 7} | changes.pop("viewed", {})
    return {"viewed": viewed, "masking": {"ratio": 0.75, "seed": 3}} | changes


def reconstruct(http: TestClient, run: str, **changes: Any) -> dict[str, Any]:
    answer = http.post("/reconstructions", json=asked(run, **changes))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refusal(answer: Any, status: int) -> tuple[str, str]:
    assert answer.status_code == status, answer.text
    return answer.json()["code"], answer.json()["detail"]


def own_path(ladder: dict[str, Any]) -> str:
    """Where the sprite is, from the client's base."""
    assert ladder["sprite"].startswith(API)
    return str(ladder["sprite"]).removeprefix(API)


def pixels(picture: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))))


def png(array: np.ndarray, **how: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array, **how).save(buffer, "PNG")
    return buffer.getvalue()


def colours(height: int, width: int, bands: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, bands), dtype=np.uint8)


def upload(http: TestClient, content: bytes) -> dict[str, Any]:
    answer = http.post("/reconstructions/uploads", content=content)
    assert answer.status_code == 201, answer.text
    sent: dict[str, Any] = answer.json()
    return sent


def view(http: TestClient, run: str, sent: dict[str, Any]) -> Any:
    viewed = {"run": run, "upload": sent["id"]}
    return http.post("/reconstructions", json={"viewed": viewed, "masking": {"ratio": 0.5}})
