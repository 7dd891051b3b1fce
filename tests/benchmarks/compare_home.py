"""A home of runs that were never trained: their metrics are made up, and stored by the real ingest."""

import json
from pathlib import Path

import numpy as np
from evaluate_page import lead

from backend.data.importers import simulate_dataset
from backend.data.store import describe
from backend.db.engine import Database, open_database
from backend.db.models import RunRow
from backend.jobs.ingest import ingest
from backend.jobs.registry import register
from backend.jobs.run_dir import RunDir
from backend.settings import Settings
from shared.base.states import RunState
from shared.configs import PretrainConfig, SimulateConfig
from shared.configs.kinds import RunKind
from tests.homes import enqueue

RUNS, STEPS, STEPS_PER_EPOCH = 10, 10_000, 50
KEYS = (
    "train/loss", "val/loss", "val/linear_accuracy", "val/linear_balanced_accuracy", "val/knn_accuracy",
    "val/knn_balanced_accuracy", "val/rankme", "val/centre_loss_share", "train/lr", "train/images_per_s",
)  # fmt: skip
STARTED = 1_750_000_000.0


def make_home(home: Path) -> list[str]:
    """Ten ended runs, two seeds of five learning rates, every metric at every step; their ids."""
    settings = Settings(home=home).prepare()
    database = open_database(settings.database_path)
    make_dataset(database, settings)
    runs = [make_run(database, settings, place) for place in range(RUNS)]
    database.close()
    return runs


def make_dataset(database: Database, settings: Settings) -> None:
    config = SimulateConfig(name="sky", n=200, img_size=32)
    path = simulate_dataset(config, settings.datasets_dir, "bench", lambda *_: None, lambda: False)
    run_id = enqueue(database, settings.runs_dir, RunKind.SIMULATE, config)
    info = describe(path, "sky").model_dump(mode="json")
    with database.write() as session:
        register(session, session.get_one(RunRow, run_id), {"dataset": info, "file": path.name})
    lead(database, run_id, RunState.STARTING, RunState.RUNNING, RunState.SUCCEEDED)


def make_run(database: Database, settings: Settings, place: int) -> str:
    config = PretrainConfig(dataset="sky", seed=place % 2, blr=1e-4 * (1 + place // 2), batch_size=16)
    run_id = enqueue(database, settings.runs_dir, RunKind.PRETRAIN, config)
    run_dir = RunDir(settings.runs_dir / run_id)
    run_dir.metrics.write_text("".join(metric_lines(place)))
    more = True
    while more:
        with database.write() as session:
            more = ingest(session, session.get_one(RunRow, run_id), run_dir)
    lead(database, run_id, RunState.STARTING, RunState.RUNNING, RunState.SUCCEEDED)
    return run_id


def metric_lines(place: int) -> list[str]:
    noise = np.random.default_rng(place).normal(1, 0.05, (STEPS, len(KEYS)))
    trend = (0.3 + 1 / (1 + np.arange(STEPS) / (400 + 40 * place)))[:, None]
    values = noise * trend
    return [
        json.dumps(
            {
                "step": step + 1,
                "epoch": (step + 1) / STEPS_PER_EPOCH,
                "time": STARTED + 0.0831 * step,
                "values": dict(zip(KEYS, values[step].tolist(), strict=True)),
            }
        )
        + "\n"
        for step in range(STEPS)
    ]
