"""Label flags, ratings and collections: what people attach to the galaxies of a dataset.

They are stored by the digest of the dataset, whatever it is called, and change neither labels nor scores.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import CollectionRow, LabelFlagRow, RatingRow
from backend.errors import ConflictError, InvalidInputError, NotFoundError
from backend.services.datasets.browsing import Datasets, galaxy_of, require_row
from backend.services.datasets.locating import found_galaxy
from backend.services.datasets.tables import TableFormat, galaxy_columns, link_columns, table_file
from shared.base.wire import Wire
from shared.contract.annotations import (
    MAX_ROWS,
    Collection,
    CollectionChange,
    CollectionUpdate,
    FlagNote,
    LabelFlag,
    Rating,
)
from shared.contract.datasets import Galaxy
from shared.contract.search import SkyLinks

Stored = TypeVar("Stored", LabelFlagRow, RatingRow, CollectionRow)
Sent = TypeVar("Sent", bound=Wire)
TEXT, WHEN = pa.string(), pa.timestamp("ms", "UTC")
FLAG_COLUMNS = {
    "row": pa.int64(), "source_id": TEXT, "label": TEXT, "note": TEXT, "created_at": WHEN,
    "dataset_digest": TEXT,
}  # fmt: skip
RATING_COLUMNS = {
    "row": pa.int64(), "source_id": TEXT, "ra": pa.float64(), "dec": pa.float64(), "label": TEXT,
    "rating": pa.int64(), "rated_at": WHEN, **dict.fromkeys(SkyLinks.model_fields, TEXT),
    "dataset_digest": TEXT,
}  # fmt: skip


class AnnotationStore(Generic[Stored, Sent]):
    """One table of annotations, keyed by digest and a row or a name."""

    stored: type[Stored]
    sent: type[Sent]
    order: tuple[Any, ...]

    def __init__(self, database: Database, datasets: Datasets) -> None:
        self._database, self._datasets = database, datasets

    def list_all(self, name: str) -> list[Sent]:
        """The most recent first."""
        query = select(self.stored).where(self.stored.dataset_digest == self._digest(name))
        with self._database.read() as session:
            return [self._to_wire(one, name) for one in session.scalars(query.order_by(*self.order))]

    def _digest(self, name: str) -> str:
        return self._datasets.row(name).digest

    def _to_wire(self, stored: Stored, name: str) -> Sent:
        return self.sent.from_attributes(stored, dataset=name)


class GalaxyAnnotations(AnnotationStore[Stored, Sent]):
    """Annotations of single galaxies, keyed by row."""

    columns: dict[str, pa.DataType]

    def remove(self, name: str, row: int) -> None:
        """Remove an annotation, if there is one. Raises NotFoundError for an unknown galaxy."""
        self._galaxy(name, row)
        with self._database.write() as session:
            found = session.get(self.stored, (self._digest(name), row))
            if found is not None:
                session.delete(found)

    def table(self, name: str, file_format: TableFormat) -> bytes:
        """`columns` of every annotation, in the order of the rows."""
        values = sorted((dict(one) for one in self.list_all(name)), key=lambda one: one["row"])
        with self._datasets.use(name) as store:
            found = [found_galaxy(store, one["row"]) for one in values]
        columns = galaxy_columns(found) | link_columns(found)
        own = {key: [one[key] for one in values] for key in self.sent.model_fields}
        table = {key: (columns | own)[key] for key in self.columns}
        return table_file(pa.table(table, schema=pa.schema(self.columns)), file_format)

    def _galaxy(self, name: str, row: int) -> Galaxy:
        with self._datasets.use(name) as store:
            require_row(store, name, row)
            return galaxy_of(store, row)


class LabelFlags(GalaxyAnnotations[LabelFlagRow, LabelFlag]):
    """Labels that a person doubts."""

    stored, sent, columns = LabelFlagRow, LabelFlag, FLAG_COLUMNS
    order = (LabelFlagRow.created_at.desc(), LabelFlagRow.row)

    def put(self, name: str, row: int, note: FlagNote | None) -> LabelFlag:
        """Flag a label; where it is flagged already only change the note, if there is one. Raises
        NotFoundError, and InvalidInputError for a galaxy without a label."""
        galaxy, digest = self._galaxy(name, row), self._digest(name)
        if galaxy.label is None:
            raise InvalidInputError("no_label", f"galaxy {row} of {name} has no label; flag another", "row")
        with self._database.write() as session:
            flag = session.get(LabelFlagRow, (digest, row))
            if flag is None:
                flag = LabelFlagRow(
                    dataset_digest=digest, row=row, source_id=galaxy.source_id, label=galaxy.label,
                    note="", created_at=datetime.now(UTC),
                )  # fmt: skip
                session.add(flag)
            if note is not None:
                flag.note = note.note.strip()
            return self._to_wire(flag, name)


class Ratings(GalaxyAnnotations[RatingRow, Rating]):
    """How interesting a person finds galaxies."""

    stored, sent, columns = RatingRow, Rating, RATING_COLUMNS
    order = (RatingRow.rated_at.desc(), RatingRow.row)

    def put(self, name: str, row: int, rating: int) -> Rating:
        """Rate a galaxy; replaces an earlier rating. Raises NotFoundError."""
        galaxy = self._galaxy(name, row)
        rated = RatingRow(
            dataset_digest=self._digest(name), row=row, source_id=galaxy.source_id, label=galaxy.label,
            rating=rating, rated_at=datetime.now(UTC),
        )  # fmt: skip
        with self._database.write() as session:
            return self._to_wire(session.merge(rated), name)


class Collections(AnnotationStore[CollectionRow, Collection]):
    """Named sets of galaxies."""

    stored, sent = CollectionRow, Collection
    order = (CollectionRow.updated_at.desc(), CollectionRow.name)

    def rows(self, dataset: str, name: str) -> list[int]:
        """Rows in the order in which they were added. Raises NotFoundError."""
        with self._database.read() as session:
            return list(self._get(session, dataset, name).rows)

    def add(self, dataset: str, name: str, rows: Sequence[int]) -> CollectionUpdate:
        """Add rows to a collection; creates it if it does not exist. Raises NotFoundError for a row that the
        dataset lacks, InvalidInputError where the collection would become too large."""
        with self._datasets.use(dataset) as store:
            for row in rows:
                require_row(store, dataset, row)
        digest, now = self._digest(dataset), datetime.now(UTC)
        with self._database.write() as session:
            found = session.get(CollectionRow, (digest, name))
            if found is None:
                found = CollectionRow(dataset_digest=digest, name=name, rows=[], note="", created_at=now)
                session.add(found)
            before, found.updated_at = len(found.rows), now
            found.rows = list(dict.fromkeys([*found.rows, *rows]))
            if len(found.rows) > MAX_ROWS:
                raise InvalidInputError(
                    "collection_too_large",
                    f"{name} would hold {len(found.rows):,} galaxies; the limit is {MAX_ROWS:,}, so make a "
                    "subset instead",
                    "rows",
                )
            collection = self._to_wire(found, dataset)
            return CollectionUpdate(collection=collection, added=len(found.rows) - before)

    def change(self, dataset: str, name: str, change: CollectionChange) -> Collection:
        """Raises NotFoundError, and ConflictError where the new name is taken."""
        with self._database.write() as session:
            found = self._get(session, dataset, name)
            if change.name is not None and change.name != name:
                taken = session.get(CollectionRow, (found.dataset_digest, change.name))
                if taken is not None:
                    raise ConflictError(
                        "name_taken",
                        f"{dataset} already has a collection {change.name} of {len(taken.rows)} galaxies; "
                        "choose another name",
                        "name",
                    )
                found.name = change.name
            if change.note is not None:
                found.note = change.note.strip()
            found.rows = [row for row in found.rows if row not in set(change.remove)]
            found.updated_at = datetime.now(UTC)
            return self._to_wire(found, dataset)

    def remove(self, dataset: str, name: str) -> None:
        """Delete the collection; its galaxies stay. Raises NotFoundError."""
        with self._database.write() as session:
            session.delete(self._get(session, dataset, name))

    def table(self, dataset: str, name: str, file_format: TableFormat) -> bytes:
        """Galaxies with links. Its row and split columns make it a split table for a subset."""
        rows = self.rows(dataset, name)
        with self._datasets.use(dataset) as store:
            found = [found_galaxy(store, row) for row in rows]
        return table_file(pa.table(galaxy_columns(found) | link_columns(found)), file_format)

    def _get(self, session: Session, dataset: str, name: str) -> CollectionRow:
        found = session.get(CollectionRow, (self._digest(dataset), name))
        if found is None:
            raise NotFoundError(
                "collection_not_found",
                f"{dataset} has no collection {name}; the data page lists its collections",
                "collection",
            )
        return found

    def _to_wire(self, stored: CollectionRow, name: str) -> Collection:
        return Collection.from_attributes(stored, dataset=name, n=len(stored.rows))


@dataclass(frozen=True)
class DatasetAnnotations:
    """Ratings, and notes of flags, by row."""

    ratings: dict[int, int]
    notes: dict[int, str]


class Annotations:
    """All annotations of a home."""

    def __init__(self, database: Database, datasets: Datasets) -> None:
        self._database, self._datasets = database, datasets
        self.flags = LabelFlags(database, datasets)
        self.ratings = Ratings(database, datasets)
        self.collections = Collections(database, datasets)

    def of(self, name: str) -> DatasetAnnotations:
        """Raises NotFoundError."""
        digest = self._datasets.row(name).digest
        query = select(RatingRow.row, RatingRow.rating).where(RatingRow.dataset_digest == digest)
        with self._database.read() as session:
            ratings = dict(session.execute(query).all())
            return DatasetAnnotations(ratings, notes_by_row(session, digest))


def notes_by_row(session: Session, digest: str) -> dict[int, str]:
    """The flagged rows of a dataset, with their notes."""
    query = select(LabelFlagRow.row, LabelFlagRow.note).where(LabelFlagRow.dataset_digest == digest)
    return dict(session.execute(query).all())
