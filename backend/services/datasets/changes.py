"""Changing datasets: rename, describe, delete."""

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import DatasetRow, RunRow
from backend.errors import ConflictError
from backend.jobs.dataset_names import DIGEST_OF, name_in_runs
from backend.services.datasets.browsing import require_dataset, to_dataset
from backend.settings import Settings
from shared.base.states import TERMINAL, RunState
from shared.configs.kinds import Trait, kinds_with, values_of
from shared.contract.datasets import Dataset, DatasetChange, DeletionPreview

AT_REST = [state.value for state in TERMINAL | {RunState.PAUSED}]


def change_dataset(database: Database, name: str, change: DatasetChange) -> Dataset:
    """Rename or describe it; runs on its galaxies follow the new name, its file is not moved."""
    with database.write() as session:
        row = require_dataset(session, name, None)
        if change.description is not None:
            row.description = change.description.strip()
        if change.name is not None and change.name != name:
            require_free_name(session, change.name)
            row.name = change.name
            made = update(RunRow).where(
                RunRow.dataset == name, RunRow.kind.in_(values_of(kinds_with(Trait.MAKES_DATASET)))
            )
            session.execute(made.values(dataset=change.name))
            name_in_runs(session, change.name, row.digest)
        session.flush()
        return to_dataset(row)


def preview_deletion(database: Database, name: str) -> DeletionPreview:
    """What deleting it would remove, and the runs that prevent it."""
    with database.read() as session:
        return _preview(session, require_dataset(session, name, None))


def delete_dataset(database: Database, settings: Settings, name: str) -> None:
    """Remove it from the store and the disk. Raises ConflictError while a run needs it."""
    with database.write() as session:
        row = require_dataset(session, name, None)
        needed = _preview(session, row).blocked_by
        if needed:
            raise ConflictError(
                "dataset_in_use",
                f"{name} is in use by {', '.join(needed[:3])}; stop it or wait until it ends, then delete",
            )
        session.delete(row)
    (settings.datasets_dir / row.file).unlink(missing_ok=True)


def _preview(session: Session, row: DatasetRow) -> DeletionPreview:
    named = [RunRow.config[field].as_string() == row.name for field in DIGEST_OF]
    same = or_(RunRow.dataset_digest == row.digest, RunRow.eval_dataset_digest == row.digest)
    found = list(session.scalars(select(RunRow).where(same, or_(*named)).order_by(RunRow.created_at)))
    return DeletionPreview(
        name=row.name,
        size_bytes=int(row.info["size_bytes"]),
        runs=[run.id for run in found if run.state in AT_REST],
        blocked_by=[run.id for run in found if run.state not in AT_REST],
    )


def require_free_name(session: Session, name: str) -> None:
    """Raise ConflictError where a dataset has that name, or a run is creating one."""
    if session.get(DatasetRow, name) is not None:
        raise ConflictError(
            "dataset_exists", f"there is already a dataset named {name}; choose another name", "name"
        )
    creating = select(RunRow.id).where(
        RunRow.kind.in_(values_of(kinds_with(Trait.MAKES_DATASET))),
        RunRow.dataset == name,
        RunRow.state.not_in([state.value for state in TERMINAL]),
    )
    run_id = session.scalar(creating)
    if run_id is not None:
        said = f"run {run_id} is already creating a dataset named {name}; choose another name"
        raise ConflictError("dataset_coming", said, "name")
