"""The dataset names in runs. A run identifies its galaxies by digest; it names the dataset in this home that
has the digest, or else uses a name that no dataset has."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend.db.engine import WITH_DELETED
from backend.db.models import DatasetRow, RunRow

DIGEST_OF: dict[str, InstrumentedAttribute[str | None]] = {
    "dataset": RunRow.dataset_digest,
    "eval_dataset": RunRow.eval_dataset_digest,
}
"""The column with the digest of each dataset named in a config."""


def dataset_here(session: Session, digest: str | None) -> DatasetRow | None:
    """The dataset with this digest, the first by name; None if there is none."""
    named = select(DatasetRow).where(DatasetRow.digest == digest).order_by(DatasetRow.name)
    return session.scalar(named.limit(1))


def name_here(session: Session, name: str, digest: str) -> str:
    """The name in a run of the dataset with `digest`: its name in this home, else `name`, made distinct from
    another dataset of that name."""
    here = dataset_here(session, digest)
    if here is not None:
        return here.name
    return name if session.get(DatasetRow, name) is None else f"{name} ({digest[:12]})"


def name_in_runs(session: Session, name: str, digest: str) -> None:
    """Update runs when a dataset gets a name: runs on its galaxies now use the name, and runs on other
    galaxies no longer do. The latter have ended or are paused, since the dataset of a waiting or active run
    exists and keeps its name."""
    for field, digest_column in DIGEST_OF.items():
        for run in _runs(session, digest_column == digest):
            if run.config.get(field) is not None and not _is_of(session, run.config[field], digest):
                _set_name(run, field, name)
        for run in _runs(session, RunRow.config[field].as_string() == name, digest_column != digest):
            _set_name(run, field, name_here(session, name, str(getattr(run, digest_column.key))))


def _is_of(session: Session, name: str, digest: str) -> bool:
    there = session.get(DatasetRow, name)
    return there is not None and there.digest == digest


def _runs(session: Session, *where: ColumnElement[bool]) -> Iterable[RunRow]:
    """Including deleted runs, which can be restored."""
    return session.scalars(select(RunRow).where(*where), execution_options=WITH_DELETED).all()


def _set_name(run: RunRow, field: str, name: str) -> None:
    """Change the name in a run's config. A run that makes a dataset is listed under the one it makes."""
    if field == "dataset" and run.dataset == run.config[field]:
        run.dataset = name
    run.config = run.config | {field: name}
