"""The verbs of datasets that change something: rename, describe, delete."""

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import DatasetRow, RunRow
from backend.errors import ConflictError, NotFoundError
from backend.jobs.dataset_names import DIGEST_OF, name_in_runs
from backend.services.datasets.browsing import to_dataset
from backend.services.datasets.names import require_free_name
from backend.settings import Settings
from shared.base.states import TERMINAL, RunState
from shared.configs.kinds import Trait, kinds_with, values_of
from shared.contract.datasets import Dataset, DatasetChange, DeletionPreview

AT_REST = [state.value for state in TERMINAL | {RunState.PAUSED}]


def change_dataset(database: Database, name: str, change: DatasetChange) -> Dataset:
    """Rename or describe it; runs on its galaxies follow the new name, its file stays where it is."""
    with database.write() as session:
        row = _find(session, name)
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
    """What would go, and what stands in the way."""
    with database.read() as session:
        return _preview(session, _find(session, name))


def delete_dataset(database: Database, settings: Settings, name: str) -> None:
    """Remove it from the store and the disk. Raises ConflictError while a run needs it."""
    with database.write() as session:
        row = _find(session, name)
        needed = _preview(session, row).blocked_by
        if needed:
            raise ConflictError(
                "dataset_in_use",
                f"{name} is needed by {', '.join(needed[:3])}; stop it or wait for its end, then delete",
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


def _find(session: Session, name: str) -> DatasetRow:
    row = session.get(DatasetRow, name)
    if row is None:
        raise NotFoundError("dataset_not_found", f"there is no dataset {name}; the data page lists them")
    return row
