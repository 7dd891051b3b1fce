"""Encoders without a training, for the tests of what is done with one."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from backend.db.engine import Database
from backend.db.models import DatasetRow
from backend.jobs.run_dir import Result, RunDir
from backend.jobs.run_writer import RunWriter
from backend.ml.checkpoints.store import CheckpointStore, model_from_config
from backend.services.embeddings.spaces import ResolvedSpace
from backend.settings import Settings
from shared.configs import PretrainConfig
from shared.configs.kinds import RunKind
from tests.homes import enqueue

TINY = {
    "img_size": 16, "patch_size": 4, "embed_dim": 32, "depth": 2, "num_heads": 2, "decoder_embed_dim": 16,
    "decoder_depth": 1, "decoder_num_heads": 1,
}  # fmt: skip


def leave_encoder(database: Database, settings: Settings, channels: int = 3, **values: Any) -> str:
    """A pretraining on the dataset `sky` with checkpoints 0 and 7 of random weights."""
    config = PretrainConfig.model_validate({"dataset": "sky"} | TINY | values)
    with database.read() as session:
        stored = session.get_one(DatasetRow, "sky").digest
    run_id = enqueue(database, settings.runs_dir, RunKind.PRETRAIN, config)
    leave_checkpoints(settings.runs_dir / run_id, config, stored, channels)
    return run_id


def leave_checkpoints(folder: Path, config: PretrainConfig, digest: str, channels: int = 3) -> None:
    """Checkpoints 0 and 7 of random weights in a run's folder."""
    store = CheckpointStore(folder / "checkpoints", 12)
    meta = {
        "config": config.model_dump(mode="json"), "channels": channels, "mean": [0.2] * channels,
        "std": [0.1] * channels, "dataset_digest": digest,
    }  # fmt: skip
    for step in (0, 7):
        with torch.random.fork_rng():
            torch.manual_seed(step)
            store.save(step, model_from_config(config, channels), meta)


def keep_features(settings: Settings, space: ResolvedSpace, features: NDArray[np.floating]) -> None:
    """Features (N, up to the width) of every row of a space pooled in one way, as if a job had computed them;
    the rest of the width counts nothing."""
    whole = np.zeros((space.n, space.width), np.float32)
    whole[:, : features.shape[1]] = features
    [file] = space.files
    path = settings.home / "cache" / "features" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, whole)


def work(task: ModuleType, settings: Settings, run_id: str) -> Result:
    """The worker's part, here, with the real task."""
    run_dir = RunDir(settings.runs_dir / run_id)
    with RunWriter(run_dir, 1) as writer:
        result: Result = task.run(run_dir.spec(), settings.home, writer)
        return result
