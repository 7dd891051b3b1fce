"""Datasets by name: one that must exist, or a name that must be free."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.models import DatasetRow, RunRow
from backend.errors import ConflictError, NotFoundError
from shared.base.states import TERMINAL
from shared.configs.kinds import Trait, kinds_with, values_of


def named_dataset(session: Session, name: str) -> DatasetRow:
    """Raises NotFoundError, with the datasets there are."""
    row = session.get(DatasetRow, name)
    if row is None:
        known = ", ".join(session.scalars(select(DatasetRow.name).order_by(DatasetRow.name))) or "none yet"
        raise NotFoundError("dataset_not_found", f"there is no dataset {name}; there are: {known}", "dataset")
    return row


def require_free_name(session: Session, name: str) -> None:
    """Raise ConflictError where a dataset has that name, or a job is just making one."""
    if session.get(DatasetRow, name) is not None:
        raise ConflictError(
            "dataset_exists", f"there is already a dataset named {name}; choose another name", "name"
        )
    ended = [state.value for state in TERMINAL]
    coming = select(RunRow.id).where(
        RunRow.kind.in_(values_of(kinds_with(Trait.MAKES_DATASET))),
        RunRow.dataset == name,
        RunRow.state.not_in(ended),
    )
    run_id = session.scalar(coming)
    if run_id is not None:
        raise ConflictError(
            "dataset_coming", f"{run_id} is just making a dataset named {name}; choose another name", "name"
        )
