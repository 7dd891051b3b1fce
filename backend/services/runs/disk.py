"""Disk use of runs: delete, restore for a day, prune checkpoints."""

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from backend.db.engine import WITH_DELETED, Database
from backend.db.models import EvaluationRow, RunRow
from backend.errors import ConflictError, NotFoundError
from backend.jobs.encoders import WEIGHTS, digest_of, saved_steps
from backend.jobs.housekeeping import folder_bytes
from backend.jobs.run_dir import RunDir
from backend.services.runs.lifecycle import find_row, get_run
from backend.settings import Settings
from shared.base.states import TERMINAL, RunState
from shared.configs.kinds import Trait, kinds_with, values_of
from shared.contract.runs import UNDO_H, DeletedRun, DiskUsage, PrunableRun, PruneReport, Run, RunDeletion

OPTIMIZER = "optimizer.pt"
ENDED = [state.value for state in TERMINAL]


def preview_deletion(database: Database, settings: Settings, run_id: str) -> RunDeletion:
    """What deleting a run would remove, and the runs that prevent it."""
    with database.read() as session:
        row = find_row(session, run_id)
        evaluations = session.scalar(select(func.count()).where(EvaluationRow.run_id == run_id))
        on_it = RunRow.config["encoder"].as_string() == run_id
        referring = select(RunRow).where(or_(on_it, RunRow.parent_id == run_id)).order_by(RunRow.created_at)
        found = list(session.scalars(referring))
    run_dir = RunDir(settings.runs_dir / run_id)
    active = [one.id for one in found if one.config.get("encoder") == run_id and one.state not in ENDED]
    return RunDeletion(
        run_id=run_id,
        disk_bytes=folder_bytes(run_dir.path),
        checkpoints=sum(1 for _ in run_dir.checkpoints.glob("step_*")),
        samples=sum(1 for _ in run_dir.samples.glob("*.png")),
        evaluations=evaluations or 0,
        feature_bytes=sum(folder_bytes(folder) for folder in _features(settings, run_dir)),
        referring=[one.id for one in found],
        blocked_by=([] if row.state in ENDED else [run_id]) + active,
    )


def delete_run(database: Database, settings: Settings, run_id: str) -> DeletedRun:
    """Move a run to the trash; its cached features are deleted at once. Raises ConflictError while it is
    active, or a job needs its encoder."""
    preview = preview_deletion(database, settings, run_id)
    features = _features(settings, RunDir(settings.runs_dir / run_id))
    now = datetime.now(UTC)
    with database.write() as session:
        row = find_row(session, run_id)
        _require_free(row, preview)
        row.deleted_at, row.disk_bytes = now, preview.disk_bytes
        session.execute(update(EvaluationRow).where(EvaluationRow.run_id == run_id).values(deleted_at=now))
    _move(settings.runs_dir / run_id, settings.trash_dir / run_id)
    for folder in features:
        shutil.rmtree(folder, ignore_errors=True)
    return _deleted(row)


def restore_run(database: Database, settings: Settings, run_id: str) -> Run:
    """Restore a deleted run. Raises NotFoundError when it is too late."""
    with database.read() as session:
        deleted = session.get(RunRow, run_id, execution_options=WITH_DELETED)
    if deleted is None:
        raise NotFoundError(
            "run_not_found",
            f"there is no deleted run {run_id}; the trash is emptied after {UNDO_H} hours",
        )
    _move(settings.trash_dir / run_id, settings.runs_dir / run_id)
    with database.write() as session:
        for update_of in (
            update(RunRow).where(RunRow.id == run_id),
            update(EvaluationRow).where(EvaluationRow.run_id == run_id),
        ):
            session.execute(update_of.values(deleted_at=None))
    return get_run(database, run_id)


def read_disk(database: Database, settings: Settings) -> DiskUsage:
    """Disk use of all runs, and the deleted ones, most recent first."""
    deleted = select(RunRow).where(RunRow.deleted_at.is_not(None)).order_by(RunRow.deleted_at.desc())
    with database.read() as session:
        runs_bytes = session.scalar(select(func.sum(RunRow.disk_bytes)))
        unmeasured = session.scalar(select(func.count()).where(RunRow.disk_bytes.is_(None)))
        trash = [_deleted(row) for row in session.scalars(deleted, execution_options=WITH_DELETED)]
    usage = shutil.disk_usage(settings.home)
    return DiskUsage(
        runs_bytes=runs_bytes or 0,
        deleted_bytes=sum(run.disk_bytes or 0 for run in trash),
        unmeasured=unmeasured or 0,
        free_bytes=usage.free,
        total_bytes=usage.total,
        deleted=trash,
    )


def _require_free(row: RunRow, preview: RunDeletion) -> None:
    if RunState(row.state) not in TERMINAL:
        raise ConflictError("not_ended", f"{row.id} is {row.state}; stop it, then delete it")
    if preview.blocked_by:
        named = ", ".join(preview.blocked_by[:3])
        detail = f"{row.id} is in use by {named}; stop them or wait until they end, then delete"
        raise ConflictError("run_in_use", detail)


def _features(settings: Settings, run_dir: RunDir) -> list[Path]:
    """Folders of cached features of the run."""
    cache = settings.home / "cache" / "features"
    if not cache.is_dir():
        return []
    weights = run_dir.checkpoints.glob(f"step_*/{WEIGHTS}")
    return [cache / digest for digest in sorted(set(map(digest_of, weights))) if (cache / digest).is_dir()]


def _move(origin: Path, to: Path) -> None:
    """Does nothing where an interrupted move has already done it."""
    to.parent.mkdir(parents=True, exist_ok=True)
    if origin.exists() and not to.exists():
        origin.rename(to)


def _deleted(row: RunRow) -> DeletedRun:
    deleted_at = row.deleted_at or datetime.now(UTC)
    gone_at = deleted_at + timedelta(hours=UNDO_H)
    return DeletedRun.from_attributes(row, deleted_at=deleted_at, gone_at=gone_at)


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
    """What can be pruned, largest first; not of runs whose encoder a job needs."""
    with database.read() as session:
        rows = _ended(session)
    found = [(row, _prunable_files(settings, row.id)) for row in rows]
    return _report([_prunable(row, files) for row, files in found if files.folders or files.files])


def prune(database: Database, settings: Settings, run_ids: Collection[str]) -> PruneReport:
    """Prune these runs. Raises NotFoundError, or ConflictError where one is active or in use; then nothing is
    removed."""
    with database.read() as session:
        ended = {row.id: row for row in _ended(session)}
        for run_id in run_ids:
            row = find_row(session, run_id)
            if run_id not in ended:
                detail = f"{run_id} is {row.state}, or a job needs it; prune it when they have ended"
                raise ConflictError("run_in_use", detail)
    return _report([_remove(database, settings, ended[run_id]) for run_id in dict.fromkeys(run_ids)])


def _remove(database: Database, settings: Settings, row: RunRow) -> PrunableRun:
    files = _prunable_files(settings, row.id)
    removed = _prunable(row, files)
    for folder in files.folders:
        gone = folder.with_name(f".{folder.name}.gone")  # so that nobody reads half a checkpoint
        folder.rename(gone)
        shutil.rmtree(gone)
    for path in files.files:
        path.unlink(missing_ok=True)
    size = folder_bytes(settings.runs_dir / row.id)
    with database.write() as session:
        session.execute(update(RunRow).where(RunRow.id == row.id).values(disk_bytes=size))
    return removed


def _ended(session: Session) -> list[RunRow]:
    """Ended runs with a model that no active job uses."""
    kinds = values_of(kinds_with(Trait.LEAVES_MODEL))
    ended = select(RunRow).where(RunRow.kind.in_(kinds), RunRow.state.in_(ENDED))
    needed = select(RunRow.config["encoder"].as_string()).where(RunRow.state.not_in(ENDED))
    busy = set(session.scalars(needed))
    return [row for row in session.scalars(ended.order_by(RunRow.created_at.desc())) if row.id not in busy]


def _prunable_files(settings: Settings, run_id: str) -> PrunableFiles:
    """Checkpoints other than last and best, and the optimizer state of those."""
    run_dir = RunDir(settings.runs_dir / run_id)
    steps = saved_steps(run_dir)
    kept = {max(steps, default=-1), run_dir.best_checkpoint()}
    folders = {step: run_dir.checkpoints / f"step_{step:08d}" for step in steps}
    optimizers = [folder / OPTIMIZER for step, folder in folders.items() if step in kept]
    return PrunableFiles(
        folders=[folder for step, folder in folders.items() if step not in kept],
        files=[path for path in optimizers if path.is_file()],
    )


def _prunable(row: RunRow, files: PrunableFiles) -> PrunableRun:
    return PrunableRun(id=row.id, name=row.name, checkpoints=len(files.folders), bytes=files.bytes)


def _report(runs: list[PrunableRun]) -> PruneReport:
    ordered = sorted(runs, key=lambda run: -run.bytes)
    return PruneReport(runs=ordered, bytes=sum(run.bytes for run in ordered))
