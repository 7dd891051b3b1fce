"""The verbs of ratings: put one, take it off, list them, write them as a table."""

from datetime import UTC, datetime

import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import RatingRow
from backend.services.datasets.browsing import Datasets
from backend.services.datasets.locating import found_galaxy, require_row
from backend.services.datasets.tables import TableFormat, table_file
from shared.contract.annotations import Rating
from shared.contract.search import FoundGalaxy

LINKS = ("legacy_survey", "simbad", "esasky")
COLUMNS = pa.schema(
    [
        ("row", pa.int64()),
        ("source_id", pa.string()),
        ("ra", pa.float64()),
        ("dec", pa.float64()),
        ("label", pa.string()),
        ("rating", pa.int64()),
        ("rated_at", pa.timestamp("ms", "UTC")),
        *((link, pa.string()) for link in LINKS),
        ("dataset_digest", pa.string()),
    ]
)


class Ratings:
    """How much the galaxies of datasets interest a person; datasets stay as they are."""

    def __init__(self, database: Database, datasets: Datasets) -> None:
        self._database, self._datasets = database, datasets

    def list_all(self, name: str) -> list[Rating]:
        """The ratings of a dataset, newest first."""
        digest = self._datasets.row(name).digest
        query = select(RatingRow).where(RatingRow.dataset_digest == digest)
        with self._database.read() as session:
            found = session.scalars(query.order_by(RatingRow.rated_at.desc(), RatingRow.row))
            return [_to_rating(one, name) for one in found]

    def put(self, name: str, row: int, rating: int) -> Rating:
        """Rates a galaxy, or rates it anew. Raises NotFoundError."""
        galaxy = self._found(name, row).galaxy
        rated = RatingRow(
            dataset_digest=self._datasets.row(name).digest, row=row, source_id=galaxy.source_id,
            label=galaxy.label, rating=rating, rated_at=datetime.now(UTC),
        )  # fmt: skip
        with self._database.write() as session:
            return _to_rating(session.merge(rated), name)

    def remove(self, name: str, row: int) -> None:
        """Takes a rating off; nothing happens where there is none. Raises NotFoundError."""
        self._found(name, row)
        with self._database.write() as session:
            rated = session.get(RatingRow, (self._datasets.row(name).digest, row))
            if rated is not None:
                session.delete(rated)

    def table(self, name: str, file_format: TableFormat) -> bytes:
        """The ratings in the order of their rows, with RA and Dec (deg) and what others show there."""
        with self._datasets.use(name) as store:
            ratings = sorted(self.list_all(name), key=lambda one: one.row)
            found = [found_galaxy(store, one.row) for one in ratings]
        columns = link_columns(found)
        for key in ("ra", "dec"):
            columns[key] = [getattr(one.galaxy, key) for one in found]
        for key in ("row", "source_id", "label", "rating", "rated_at", "dataset_digest"):
            columns[key] = [getattr(one, key) for one in ratings]
        return table_file(pa.table(columns, schema=COLUMNS), file_format)

    def _found(self, name: str, row: int) -> FoundGalaxy:
        with self._datasets.use(name) as store:
            require_row(store, name, row)
            return found_galaxy(store, row)


def link_columns(found: list[FoundGalaxy]) -> dict[str, list[object]]:
    """A column for each place that shows the sky, null where a position is unknown."""
    return {key: [getattr(one.links, key) if one.links else None for one in found] for key in LINKS}


def ratings_by_row(session: Session, digest: str) -> dict[int, int]:
    """The rated rows of a dataset."""
    query = select(RatingRow.row, RatingRow.rating).where(RatingRow.dataset_digest == digest)
    return {one.row: one.rating for one in session.execute(query)}


def _to_rating(rated: RatingRow, name: str) -> Rating:
    return Rating(
        dataset=name,
        dataset_digest=rated.dataset_digest,
        row=rated.row,
        source_id=rated.source_id,
        label=rated.label,
        rating=rated.rating,
        rated_at=rated.rated_at,
    )
