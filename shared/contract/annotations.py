"""Label flags, ratings and collections of galaxies, stored beside the dataset and keyed by its digest."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from shared.base.wire import Wire

MAX_ROWS = 200_000
CollectionName = Annotated[str, Field(pattern=r"^[^/\\\x00-\x1f]{1,80}$")]
Rows = Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(max_length=MAX_ROWS)]


class Collection(Wire):
    """A named set of galaxies, in the order in which they were added."""

    name: str
    dataset: str = Field(description="Its current name.")
    dataset_digest: str
    n: int
    note: str
    created_at: datetime
    updated_at: datetime


class CollectionAddition(Wire):
    """POST …/collections/{collection}: galaxies to add; creates the collection if needed."""

    rows: Rows


class CollectionUpdate(Wire):
    """The collection, and how many galaxies were added."""

    collection: Collection
    added: int


class CollectionChange(Wire):
    """PATCH …/collections/{collection}: None leaves a field unchanged; `remove` lists rows to remove."""

    name: CollectionName | None = None
    note: str | None = Field(None, max_length=2000)
    remove: Rows = ()


class FlagNote(Wire):
    """PUT …/flags/{row}: a note on why the label is doubtful."""

    note: str = Field("", max_length=500)


class LabelFlag(Wire):
    """One label that a person doubts. It changes no label and no score."""

    dataset: str = Field(description="Its current name.")
    dataset_digest: str
    row: int
    source_id: str
    label: str = Field(description="Its class when it was flagged.")
    note: str
    created_at: datetime


MAX_RATING = 5


class RatingValue(Wire):
    """PUT …/ratings/{row}."""

    rating: int = Field(
        ge=0, le=MAX_RATING, strict=True, description="0: not interesting; 5: most interesting."
    )


class Rating(RatingValue):
    """One rated galaxy."""

    dataset: str = Field(description="Its current name.")
    dataset_digest: str
    row: int
    source_id: str
    label: str | None = Field(description="Its class when it was rated.")
    rated_at: datetime
