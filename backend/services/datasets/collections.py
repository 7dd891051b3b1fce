"""The verbs of collections: add galaxies to one, change, remove, list, write as a table."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import CollectionRow
from backend.errors import ConflictError, InvalidInputError, NotFoundError
from backend.services.datasets.browsing import Datasets, require_row
from backend.services.datasets.locating import found_galaxy
from backend.services.datasets.tables import TableFormat, galaxy_columns, table_file
from shared.contract.annotations import MAX_ROWS, Collection, CollectionChange, CollectionUpdate


class Collections:
    """Named galaxies of datasets; the datasets stay as they are."""

    def __init__(self, database: Database, datasets: Datasets) -> None:
        self._database, self._datasets = database, datasets

    def list_all(self, dataset: str) -> list[Collection]:
        """The collections of a dataset, the one changed last first."""
        query = select(CollectionRow).where(CollectionRow.dataset_digest == self._digest(dataset))
        with self._database.read() as session:
            found = session.scalars(query.order_by(CollectionRow.updated_at.desc(), CollectionRow.name))
            return [_to_collection(row, dataset) for row in found]

    def rows(self, dataset: str, name: str) -> list[int]:
        """Its galaxies, in the order in which they came. Raises NotFoundError."""
        with self._database.read() as session:
            return list(self._get(session, dataset, name).rows)

    def add(self, dataset: str, name: str, rows: Sequence[int]) -> CollectionUpdate:
        """Adds what is new to the collection, which is made where there is none. Raises NotFoundError for a
        row that the dataset lacks, InvalidInputError where it would become too large."""
        with self._datasets.use(dataset) as store:
            for row in rows:
                require_row(store, dataset, row)
        with self._database.write() as session:
            found = session.get(CollectionRow, (self._digest(dataset), name))
            if found is None:
                found = _new(self._digest(dataset), name)
                session.add(found)
            before = len(found.rows)
            found.rows = list(dict.fromkeys([*found.rows, *rows]))
            _require_size(name, len(found.rows))
            found.updated_at = datetime.now(UTC)
            return CollectionUpdate(collection=_to_collection(found, dataset), added=len(found.rows) - before)

    def change(self, dataset: str, name: str, change: CollectionChange) -> Collection:
        """Raises NotFoundError, ConflictError where the new name is taken."""
        with self._database.write() as session:
            found = self._get(session, dataset, name)
            if change.name is not None and change.name != name:
                self._require_free(session, dataset, change.name)
                found.name = change.name
            if change.note is not None:
                found.note = change.note.strip()
            gone = set(change.remove)
            found.rows = [row for row in found.rows if row not in gone]
            found.updated_at = datetime.now(UTC)
            return _to_collection(found, dataset)

    def remove(self, dataset: str, name: str) -> None:
        """The collection goes, its galaxies stay. Raises NotFoundError."""
        with self._database.write() as session:
            session.delete(self._get(session, dataset, name))

    def table(self, dataset: str, name: str, file_format: TableFormat) -> bytes:
        """Its galaxies: rank, row, source_id, label, split, ra, dec, redshift, links. By its row and split
        it is a split table, from which a dataset of these galaxies is made."""
        rows = self.rows(dataset, name)
        with self._datasets.use(dataset) as store:
            found = [found_galaxy(store, row) for row in rows]
        return table_file(pa.table(galaxy_columns(found)), file_format)

    def _digest(self, dataset: str) -> str:
        return self._datasets.row(dataset).digest

    def _get(self, session: Session, dataset: str, name: str) -> CollectionRow:
        found = session.get(CollectionRow, (self._digest(dataset), name))
        if found is None:
            raise NotFoundError(
                "collection_not_found",
                f"there is no collection {name} of {dataset}; the data page lists those that there are",
                "collection",
            )
        return found

    def _require_free(self, session: Session, dataset: str, name: str) -> None:
        taken = session.get(CollectionRow, (self._digest(dataset), name))
        if taken is not None:
            raise ConflictError(
                "name_taken",
                f"there is a collection {name} of {dataset} with {len(taken.rows)} galaxies; "
                "take another name",
                "name",
            )


def _new(digest: str, name: str) -> CollectionRow:
    now = datetime.now(UTC)
    return CollectionRow(dataset_digest=digest, name=name, rows=[], note="", created_at=now, updated_at=now)


def _require_size(name: str, n: int) -> None:
    if n > MAX_ROWS:
        raise InvalidInputError(
            "collection_too_large",
            f"{name} would hold {n:,} galaxies; a collection holds {MAX_ROWS:,}, a subset holds more",
            "rows",
        )


def _to_collection(row: CollectionRow, dataset: str) -> Collection:
    return Collection(
        name=row.name,
        dataset=dataset,
        dataset_digest=row.dataset_digest,
        n=len(row.rows),
        note=row.note,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
