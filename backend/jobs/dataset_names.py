"""What runs call their datasets. A run means galaxies by their digest; the name is that of the dataset here
with this digest, or one that no dataset has."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend.db.engine import WITH_DELETED
from backend.db.models import DatasetRow, RunRow

MEANT: dict[str, InstrumentedAttribute[str | None]] = {
    "dataset": RunRow.dataset_digest,
    "eval_dataset": RunRow.eval_dataset_digest,
}
"""The digest that each name in a config stands for."""


def dataset_here(session: Session, digest: str | None) -> DatasetRow | None:
    """The dataset with these galaxies, the first by name; None where they are not here."""
    named = select(DatasetRow).where(DatasetRow.digest == digest).order_by(DatasetRow.name)
    return session.scalar(named.limit(1))


def name_here(session: Session, name: str, digest: str) -> str:
    """What a run calls the dataset with that digest: its name here, else the one it had, told from another
    of that name."""
    here = dataset_here(session, digest)
    if here is not None:
        return here.name
    return name if session.get(DatasetRow, name) is None else f"{name} ({digest[:12]})"


def name_in_runs(session: Session, name: str, digest: str) -> None:
    """A dataset has got this name: runs on its galaxies whose dataset was not here, or was called otherwise,
    are on it from now, and runs that call other galaxies so do no longer. Those have ended or are paused:
    what waits or works has its dataset here, whose name nothing else can take."""
    for field, meant in MEANT.items():
        for run in _runs(session, meant == digest):
            if run.config.get(field) is not None and not _is_of(session, run.config[field], digest):
                _call(run, field, name)
        for run in _runs(session, RunRow.config[field].as_string() == name, meant != digest):
            _call(run, field, name_here(session, name, str(getattr(run, meant.key))))


def _is_of(session: Session, name: str, digest: str) -> bool:
    there = session.get(DatasetRow, name)
    return there is not None and there.digest == digest


def _runs(session: Session, *where: ColumnElement[bool]) -> Iterable[RunRow]:
    """Deleted ones too, which may be had back."""
    return session.scalars(select(RunRow).where(*where), execution_options=WITH_DELETED).all()


def _call(run: RunRow, field: str, name: str) -> None:
    """Have a run say so; one that makes a dataset of another is listed under what it makes."""
    if field == "dataset" and run.dataset == run.config[field]:
        run.dataset = name
    run.config = run.config | {field: name}
