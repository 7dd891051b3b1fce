"""The verbs of label flags: put one, take it off, list them, write them as a table."""

from datetime import UTC, datetime

import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import LabelFlagRow
from backend.errors import InvalidInputError
from backend.services.datasets.browsing import Datasets, require_row
from backend.services.datasets.tables import TableFormat, table_file
from shared.contract.annotations import FlagNote, LabelFlag

COLUMNS = pa.schema(
    [
        ("row", pa.int64()),
        ("source_id", pa.string()),
        ("label", pa.string()),
        ("note", pa.string()),
        ("created_at", pa.timestamp("ms", "UTC")),
        ("dataset_digest", pa.string()),
    ]
)


class LabelFlags:
    """Doubts about the labels of datasets; datasets and evaluations stay as they are."""

    def __init__(self, database: Database, datasets: Datasets) -> None:
        self._database, self._datasets = database, datasets

    def list_all(self, name: str) -> list[LabelFlag]:
        """The flags of a dataset, newest first."""
        digest = self._datasets.row(name).digest
        query = select(LabelFlagRow).where(LabelFlagRow.dataset_digest == digest)
        with self._database.read() as session:
            found = session.scalars(query.order_by(LabelFlagRow.created_at.desc(), LabelFlagRow.row))
            return [_to_flag(flag, name) for flag in found]

    def put(self, name: str, row: int, note: FlagNote | None) -> LabelFlag:
        """Flags a label; of one that is flagged already only the note changes, where there is one. Raises
        NotFoundError and, for a galaxy without a label, InvalidInputError."""
        source_id, label = self._label_of(name, row)
        digest = self._datasets.row(name).digest
        with self._database.write() as session:
            flag = session.get(LabelFlagRow, (digest, row))
            if flag is None:
                flag = LabelFlagRow(
                    dataset_digest=digest, row=row, source_id=source_id, label=label,
                    note="", created_at=datetime.now(UTC),
                )  # fmt: skip
                session.add(flag)
            if note is not None:
                flag.note = note.note.strip()
            return _to_flag(flag, name)

    def remove(self, name: str, row: int) -> None:
        """Takes a flag off; nothing happens where there is none. Raises NotFoundError."""
        with self._datasets.use(name) as store:
            require_row(store, name, row)
        with self._database.write() as session:
            flag = session.get(LabelFlagRow, (self._datasets.row(name).digest, row))
            if flag is not None:
                session.delete(flag)

    def table(self, name: str, file_format: TableFormat) -> bytes:
        """The flags in the order of their rows: row, source_id, label, note, created_at, dataset_digest."""
        flags = sorted(self.list_all(name), key=lambda flag: flag.row)
        columns = {column: [getattr(flag, column) for flag in flags] for column in COLUMNS.names}
        return table_file(pa.table(columns, schema=COLUMNS), file_format)

    def _label_of(self, name: str, row: int) -> tuple[str, str]:
        with self._datasets.use(name) as store:
            require_row(store, name, row)
            index = int(store.labels[row])
            if index < 0:
                raise InvalidInputError(
                    "no_label",
                    f"galaxy {row} of {name} has no label to doubt; flag one that has a class",
                    "row",
                )
            return store.source_ids[row], store.class_names[index]


def notes_by_row(session: Session, digest: str) -> dict[int, str]:
    """The flagged rows of a dataset, and what was noted of each."""
    query = select(LabelFlagRow.row, LabelFlagRow.note).where(LabelFlagRow.dataset_digest == digest)
    return {flag.row: flag.note for flag in session.execute(query)}


def _to_flag(flag: LabelFlagRow, name: str) -> LabelFlag:
    return LabelFlag(
        dataset=name,
        dataset_digest=flag.dataset_digest,
        row=flag.row,
        source_id=flag.source_id,
        label=flag.label,
        note=flag.note,
        created_at=flag.created_at,
    )
