"""What ended runs can do without: checkpoints besides last and best, and the optimizer's state."""

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import RunRow
from backend.errors import ConflictError
from backend.files import read_json
from backend.jobs.encoders import saved_steps
from backend.jobs.housekeeping import folder_bytes
from backend.jobs.run_dir import RunDir
from backend.services.runs.lifecycle import find_row
from backend.settings import Settings
from shared.base.states import TERMINAL
from shared.configs.kinds import Trait, kinds_with, values_of
from shared.contract.runs import PrunableRun, PruneReport

OPTIMIZER = "optimizer.pt"
ENDED = [state.value for state in TERMINAL]


@dataclass(frozen=True)
class PrunableFiles:
    """Of one run: folders of whole checkpoints, and files of others."""

    folders: list[Path]
    files: list[Path]

    @property
    def bytes(self) -> int:
        files = sum(path.stat().st_size for path in self.files)
        return files + sum(folder_bytes(folder) for folder in self.folders)


def preview_pruning(database: Database, settings: Settings) -> PruneReport:
    """Of every ended run, the largest first; of none whose encoder a job still needs."""
    with database.read() as session:
        rows = _ended(session)
    found = [(row, _spare(settings, row.id)) for row in rows]
    return _pruning([_prunable(row, spare) for row, spare in found if spare.folders or spare.files])


def prune(database: Database, settings: Settings, wanted: Collection[str]) -> PruneReport:
    """Remove it, of these runs. Raises NotFoundError, or ConflictError where one has not ended or is needed;
    then nothing is removed of any."""
    with database.read() as session:
        ended = {row.id: row for row in _ended(session)}
        for run_id in wanted:
            row = find_row(session, run_id)
            if run_id not in ended:
                raise ConflictError(
                    "run_in_use", f"{run_id} is {row.state}, or a job needs it; prune it when they have ended"
                )
    went = [_remove(database, settings, ended[run_id]) for run_id in dict.fromkeys(wanted)]
    return _pruning(went)


def _remove(database: Database, settings: Settings, row: RunRow) -> PrunableRun:
    spare = _spare(settings, row.id)
    went = _prunable(row, spare)
    for folder in spare.folders:
        gone = folder.with_name(f".{folder.name}.gone")  # so that nobody finds half a checkpoint
        folder.rename(gone)
        shutil.rmtree(gone)
    for path in spare.files:
        path.unlink(missing_ok=True)
    size = folder_bytes(settings.runs_dir / row.id)
    with database.write() as session:
        session.execute(update(RunRow).where(RunRow.id == row.id).values(disk_bytes=size))
    return went


def _ended(session: Session) -> list[RunRow]:
    """Runs with a model that have ended, and that no job at work or waiting stands on."""
    kinds = values_of(kinds_with(Trait.LEAVES_MODEL))
    ended = select(RunRow).where(RunRow.kind.in_(kinds), RunRow.state.in_(ENDED))
    needed = select(RunRow.config["encoder"].as_string()).where(RunRow.state.not_in(ENDED))
    busy = set(session.scalars(needed))
    return [row for row in session.scalars(ended.order_by(RunRow.created_at.desc())) if row.id not in busy]


def _spare(settings: Settings, run_id: str) -> PrunableFiles:
    run_dir = RunDir(settings.runs_dir / run_id)
    steps = saved_steps(run_dir)
    best = read_json(run_dir.checkpoints / "best")
    kept = {max(steps, default=-1), *([int(best["step"])] if best else [])}
    folders = {step: run_dir.checkpoints / f"step_{step:08d}" for step in steps}
    return PrunableFiles(
        folders=[folder for step, folder in folders.items() if step not in kept],
        files=[
            folder / OPTIMIZER
            for step, folder in folders.items()
            if step in kept and (folder / OPTIMIZER).is_file()
        ],
    )


def _prunable(row: RunRow, spare: PrunableFiles) -> PrunableRun:
    return PrunableRun(id=row.id, name=row.name, checkpoints=len(spare.folders), bytes=spare.bytes)


def _pruning(runs: list[PrunableRun]) -> PruneReport:
    ordered = sorted(runs, key=lambda run: -run.bytes)
    return PruneReport(runs=ordered, bytes=sum(run.bytes for run in ordered))
