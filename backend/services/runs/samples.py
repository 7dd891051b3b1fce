"""The fixed galaxies reconstructed at each evaluation."""

from pathlib import Path

from backend.db.engine import Database
from backend.db.points import read_curves
from backend.errors import NotFoundError
from backend.files import read_json
from backend.jobs.run_dir import RunDir
from backend.services.runs.lifecycle import find_row
from backend.settings import Settings
from shared.contract.runs import Samples

EVALUATED = "val/loss"
"""A figure of every evaluation of a pretraining."""


def read_samples(database: Database, settings: Settings, run_id: str) -> Samples:
    """Which evaluations have samples, and how their sprites are laid out; no steps before the first."""
    folder = _folder(database, settings, run_id)
    layout = read_json(folder / "layout.json")
    if layout is None:
        return Samples(steps=[], rows=[], count=0, tile_px=0, mask_ratio=0, galaxies=[])
    steps = sorted(int(path.stem.removeprefix("step_")) for path in folder.glob("step_*.png"))
    return Samples(steps=steps, epochs=_epochs(database, run_id, steps), **layout)


def _epochs(database: Database, run_id: str, steps: list[int]) -> list[float | None]:
    """Of an evaluation, by the first of its figures."""
    with database.read() as session:
        curve = read_curves(session, run_id, [EVALUATED]).get(EVALUATED)
    epochs = dict(zip(curve.step.tolist(), curve.epoch.tolist(), strict=True)) if curve else {}
    return [epochs.get(step) for step in steps]


def sample_sprite(database: Database, settings: Settings, run_id: str, step: int) -> Path:
    """The sprite PNG of one evaluation. Raises NotFoundError."""
    path = _folder(database, settings, run_id) / f"step_{step:08d}.png"
    if not path.is_file():
        raise NotFoundError(
            "sample_not_found", f"{run_id} has no samples at step {step}; ask /samples for the steps"
        )
    return path


def _folder(database: Database, settings: Settings, run_id: str) -> Path:
    with database.read() as session:
        find_row(session, run_id)
    return RunDir(settings.runs_dir / run_id).samples
