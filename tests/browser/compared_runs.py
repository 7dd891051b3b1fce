"""Ended pretrainings with points and pictures that are known, put into the home of a running server."""

import json
from typing import Any

import numpy as np
from PIL import Image

from backend.db.engine import open_database
from backend.db.models import RunRow
from backend.jobs.ingest import ingest
from backend.jobs.queue import ReadyRun, change_state, enqueue
from backend.jobs.run_dir import RunDir
from backend.settings import Settings
from shared.base.states import RunState
from shared.configs import PretrainConfig
from shared.configs.kinds import RunKind
from tests.browser.conftest import Site

LIFE = (RunState.QUEUED, RunState.STARTING, RunState.RUNNING, RunState.SUCCEEDED)
SIDE, STEPS_PER_EPOCH = 32, 2


def put_run(site: Site, name: str, losses: list[float], grey: int, **config: Any) -> str:
    """A run with one loss a step, two steps an epoch, and a uniform picture at the start and at the end;
    queued and ended in one transaction, so that no supervisor takes it."""
    settings = Settings(home=site.home)
    database = open_database(settings.database_path)
    chosen = PretrainConfig.model_validate({"dataset": "sky", "img_size": SIDE} | config)
    with database.write() as session:
        run_id = enqueue(session, settings.runs_dir, ReadyRun(RunKind.PRETRAIN, chosen), name=name)
        run_dir = RunDir(settings.runs_dir / run_id)
        run_dir.metrics.write_text("".join(metric_lines(losses)))
        draw_samples(run_dir, [0, len(losses)], grey)
        ingest(session, session.get_one(RunRow, run_id), run_dir)
        for before, after in zip(LIFE, LIFE[1:], strict=False):
            assert change_state(session, run_id, expected=[before], to=after)
    database.close()
    return run_id


def metric_lines(losses: list[float]) -> list[str]:
    points = [(0, {"val/loss": 2.0}), *((i + 1, {"train/loss": loss}) for i, loss in enumerate(losses))]
    points.append((len(losses), {"val/loss": losses[-1]}))
    return [
        json.dumps({"step": step, "epoch": step / STEPS_PER_EPOCH, "time": 1e9 + step, "values": values})
        + "\n"
        for step, values in points
    ]


def draw_samples(run_dir: RunDir, steps: list[int], grey: int) -> None:
    run_dir.samples.mkdir(exist_ok=True)
    layout = {
        "rows": ["original", "masked", "reconstruction"],
        "count": 2,
        "tile_px": SIDE,
        "mask_ratio": 0.75,
    }
    (run_dir.samples / "layout.json").write_text(json.dumps(layout | {"galaxies": [5, 9]}))
    for step in steps:
        picture = np.full((3 * SIDE, 2 * SIDE), grey + step, dtype=np.uint8)
        Image.fromarray(picture).save(run_dir.samples / f"step_{step:08d}.png")
