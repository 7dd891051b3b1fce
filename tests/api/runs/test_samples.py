"""Fixed galaxies of a run: at which steps, and which epochs these are."""

import json
from pathlib import Path

from starlette.testclient import TestClient

from backend.db.engine import Database
from backend.db.models import RunRow
from backend.jobs.ingest import ingest
from backend.jobs.run_dir import RunDir
from backend.settings import Settings
from shared.configs import PretrainConfig
from shared.configs.kinds import RunKind
from tests.homes import enqueue


def test_an_evaluation_has_its_epoch_and_none_before_its_figures_are_read(
    http: TestClient, database: Database, settings: Settings, sky: Path
) -> None:
    run_id = enqueue(database, settings.runs_dir, RunKind.PRETRAIN, PretrainConfig(dataset="sky"))
    run_dir = RunDir(settings.runs_dir / run_id)
    assert http.get(f"/runs/{run_id}/samples").json()["epochs"] == []
    run_dir.samples.mkdir(exist_ok=True)
    layout = {"rows": ["original"], "count": 1, "tile_px": 8, "mask_ratio": 0.75, "galaxies": [3]}
    (run_dir.samples / "layout.json").write_text(json.dumps(layout))
    for step in (0, 70, 90):
        (run_dir.samples / f"step_{step:08d}.png").touch()
    line = {"time": 1.0, "values": {"val/loss": 0.5, "train/loss": 0.25}}
    lines = [line | {"step": step, "epoch": step / 20} for step in (0, 35, 70)]
    run_dir.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with database.write() as session:
        ingest(session, session.get_one(RunRow, run_id), run_dir)
    said = http.get(f"/runs/{run_id}/samples").json()
    assert (said["steps"], said["epochs"]) == ([0, 70, 90], [0.0, 3.5, None])
