"""What a person said of the galaxies of a dataset: how they are rated, which labels are doubted."""

from dataclasses import dataclass

from backend.db.engine import Database
from backend.services.datasets.browsing import Datasets
from backend.services.datasets.label_flags import notes_by_row
from backend.services.datasets.ratings import ratings_by_row


@dataclass(frozen=True)
class DatasetAnnotations:
    """Ratings, and the notes of flags, by row."""

    ratings: dict[int, int]
    notes: dict[int, str]


class Annotations:
    """Reads ratings and flags by the digest of a dataset."""

    def __init__(self, database: Database, datasets: Datasets) -> None:
        self._database, self._datasets = database, datasets

    def of(self, name: str) -> DatasetAnnotations:
        """Raises NotFoundError."""
        digest = self._datasets.row(name).digest
        with self._database.read() as session:
            return DatasetAnnotations(ratings_by_row(session, digest), notes_by_row(session, digest))
