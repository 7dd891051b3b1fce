"""Deleting a run: what would go, the way there, and for a day the way back."""

import shutil
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import file_digest
from pathlib import Path

from sqlalchemy import func, or_, select, update

from backend.db.engine import WITH_DELETED, Database
from backend.db.models import EvaluationRow, RunRow
from backend.errors import ConflictError, NotFoundError
from backend.jobs.encoders import WEIGHTS
from backend.jobs.housekeeping import folder_bytes
from backend.jobs.run_dir import RunDir
from backend.services.runs.lifecycle import find_row, get_run
from backend.settings import Settings
from shared.base.states import TERMINAL, RunState
from shared.configs.kinds import RunKind
from shared.contract.runs import UNDO_H, DeletedRun, DiskUsage, Run, RunDeletion

ENDED = [state.value for state in TERMINAL]


def preview_deletion(database: Database, settings: Settings, run_id: str) -> RunDeletion:
    """What would go, what stays, and what stands in the way."""
    with database.read() as session:
        row = find_row(session, run_id)
        evaluations = session.scalar(select(func.count()).where(EvaluationRow.run_id == run_id))
        on_it = RunRow.config["encoder"].as_string() == run_id
        referring = select(RunRow).where(or_(on_it, RunRow.parent_id == run_id)).order_by(RunRow.created_at)
        found = list(session.scalars(referring))
    run_dir = RunDir(settings.runs_dir / run_id)
    needing = [one.id for one in found if one.config.get("encoder") == run_id and one.state not in ENDED]
    return RunDeletion(
        run_id=run_id,
        disk_bytes=folder_bytes(run_dir.path),
        checkpoints=sum(1 for _ in run_dir.checkpoints.glob("step_*")),
        samples=sum(1 for _ in run_dir.samples.glob("*.png")),
        evaluations=evaluations or 0,
        feature_bytes=sum(folder_bytes(folder) for folder in _features(settings, run_dir)),
        referring=[one.id for one in found],
        blocked_by=([] if row.state in ENDED else [run_id]) + needing,
    )


def delete_run(database: Database, settings: Settings, run_id: str) -> DeletedRun:
    """Take a run out of every list; its folder waits in the trash, its features go at once. Raises
    ConflictError while it has not ended or a job still needs its encoder."""
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
    """Have a deleted run back as it was. Raises NotFoundError where it is gone."""
    with database.read() as session:
        deleted = session.get(RunRow, run_id, execution_options=WITH_DELETED)
    if deleted is None:
        raise NotFoundError(
            "run_not_found",
            f"there is no run {run_id} to have back; a deleted one is gone after {UNDO_H} hours",
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
    """What runs take in all, and those that can be had back, last deleted first."""
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
        raise ConflictError(
            "run_in_use", f"{row.id} is needed by {named}; stop them or wait for their end, then delete"
        )


def _features(settings: Settings, run_dir: RunDir) -> list[Path]:
    """Folders of kept features of the run's weights."""
    cache = settings.home / "cache" / "features"
    if not cache.is_dir():
        return []
    weights = run_dir.checkpoints.glob(f"step_*/{WEIGHTS}")
    digests = (_digest(path, path.stat().st_mtime_ns, path.stat().st_size) for path in weights)
    return [cache / digest for digest in sorted(set(digests)) if (cache / digest).is_dir()]


@lru_cache(maxsize=256)
def _digest(path: Path, _written_ns: int, _size: int) -> str:
    """SHA-256 of a weights file, read once as long as it stays as it is."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _move(origin: Path, to: Path) -> None:
    """Nothing, where a move that was killed half way has done it."""
    to.parent.mkdir(parents=True, exist_ok=True)
    if origin.exists() and not to.exists():
        origin.rename(to)


def _deleted(row: RunRow) -> DeletedRun:
    deleted_at = row.deleted_at or datetime.now(UTC)
    return DeletedRun(
        id=row.id,
        kind=RunKind(row.kind),
        name=row.name,
        disk_bytes=row.disk_bytes,
        deleted_at=deleted_at,
        gone_at=deleted_at + timedelta(hours=UNDO_H),
    )
