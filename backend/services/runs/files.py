"""The folder of a run: log, machine load, sample sprites, requests to its worker."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from backend.db.engine import Database
from backend.db.models import RunRow
from backend.db.points import read_curves
from backend.errors import ConflictError, NotFoundError
from backend.files import read_json
from backend.jobs.run_dir import RunDir
from backend.services.runs.lifecycle import find_row
from backend.settings import Settings
from shared.base.states import RunState
from shared.configs.kinds import Trait, has_trait
from shared.contract.runs import LogTail, RunLoad, Samples, WorkerRequest

LOG_TAIL_BYTES, SEARCHED_BYTES = 200_000, 50_000_000
EVALUATED = "val/loss"
"""A metric of every evaluation of a pretraining."""
NOUNS = {"checkpoint": "checkpoints", "sample": "sample images"}


def read_log(database: Database, settings: Settings, run_id: str, lines: int, find: str = "") -> LogTail:
    """The last `lines` lines of the worker's output; with `find` only lines that contain it, in any case."""
    path = _open(database, settings, run_id)[1].log
    if not path.exists():
        return LogTail(lines=[], truncated=False)
    room = SEARCHED_BYTES if find else LOG_TAIL_BYTES
    with path.open("rb") as file:
        size = path.stat().st_size
        file.seek(max(0, size - room))
        found = file.read().decode(errors="replace").splitlines()
    matching = [line for line in found if find.casefold() in line.casefold()] if find else found
    return LogTail(lines=matching[-lines:], truncated=size > room or len(matching) > lines)


def read_load(database: Database, settings: Settings, run_id: str, max_points: int) -> RunLoad:
    """What the worker used, oldest first. More than `max_points` measurements are grouped: the mean of shares
    and watts, the maximum of memory. Raises NotFoundError."""
    every = list(_measurements(_open(database, settings, run_id)[1]))
    several = -(-len(every) // max_points) or 1
    groups = [every[start : start + several] for start in range(0, len(every), several)]
    joins = dict.fromkeys(("cpu_percent", "gpu_percent", "gpu_watts"), _mean)
    joins |= dict.fromkeys(("rss_bytes", "gpu_memory_bytes"), _maximum)
    columns = {key: [join(group, key) for group in groups] for key, join in joins.items()}
    return RunLoad(time=[group[-1]["time"] for group in groups], **columns)


def read_samples(database: Database, settings: Settings, run_id: str) -> Samples:
    """The evaluations with samples, and the layout of their sprites; no steps before the first."""
    folder = _open(database, settings, run_id)[1].samples
    layout = read_json(folder / "layout.json")
    if layout is None:
        return Samples(steps=[], rows=[], count=0, tile_px=0, mask_ratio=0, galaxies=[])
    steps = sorted(int(path.stem.removeprefix("step_")) for path in folder.glob("step_*.png"))
    with database.read() as session:
        curve = read_curves(session, run_id, [EVALUATED]).get(EVALUATED)
    epochs = dict(zip(curve.step.tolist(), curve.epoch.tolist(), strict=True)) if curve else {}
    return Samples(steps=steps, epochs=[epochs.get(step) for step in steps], **layout)


def sample_sprite(database: Database, settings: Settings, run_id: str, step: int) -> Path:
    """The sprite PNG of one evaluation. Raises NotFoundError."""
    path = _open(database, settings, run_id)[1].samples / f"step_{step:08d}.png"
    if not path.is_file():
        said = f"{run_id} has no samples at step {step}; /samples lists the steps"
        raise NotFoundError("sample_not_found", said)
    return path


def request_worker(
    database: Database, settings: Settings, run_id: str, verb: Literal["checkpoint", "sample"]
) -> WorkerRequest:
    """Request a checkpoint or samples now. Raises ConflictError where no worker could handle it."""
    row, run_dir = _open(database, settings, run_id)
    if not has_trait(row.kind, Trait.TRAINS) or (verb == "sample" and not has_trait(row.kind, Trait.SAMPLES)):
        raise ConflictError(f"no_{verb}", f"{run_id} is a job of kind {row.kind}, without {NOUNS[verb]}")
    if row.state != RunState.RUNNING:
        raise ConflictError("not_running", f"{run_id} is {row.state}; only a running run takes requests")
    return WorkerRequest(seq=run_dir.request(verb))


def _open(database: Database, settings: Settings, run_id: str) -> tuple[RunRow, RunDir]:
    with database.read() as session:
        return find_row(session, run_id), RunDir(settings.runs_dir / run_id)


def _measurements(run_dir: RunDir) -> Iterator[dict[str, float]]:
    """The complete lines."""
    if not run_dir.system.exists():
        return
    for line in run_dir.system.read_bytes().splitlines():
        try:
            values = json.loads(line)
        except ValueError:  # cut off by a kill or a full disk
            continue
        if isinstance(values, dict) and "time" in values:
            yield values


def _mean(group: list[dict[str, float]], key: str) -> float | None:
    known = [values[key] for values in group if key in values]
    return round(sum(known) / len(known), 1) if known else None


def _maximum(group: list[dict[str, float]], key: str) -> float | None:
    return max((values[key] for values in group if key in values), default=None)
