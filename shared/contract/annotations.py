"""What people attach to galaxies: label flags, ratings, collections. Kept beside the dataset, not in it."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from shared.base.wire import Wire

MAX_ROWS = 200_000
CollectionName = Annotated[str, Field(pattern=r"^[^/\\\x00-\x1f]{1,80}$")]
Rows = Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(max_length=MAX_ROWS)]


class Collection(Wire):
    """Some galaxies of a digest, in the order in which they came; it outlives the name of their dataset."""

    name: str
    dataset: str = Field(description="Its name now.")
    dataset_digest: str
    n: int
    note: str
    created_at: datetime
    updated_at: datetime


class CollectionAddition(Wire):
    """POST …/collections/{collection}: galaxies to add; the collection is made where there is none."""

    rows: Rows


class CollectionUpdate(Wire):
    """The collection, and how many of the galaxies were new to it."""

    collection: Collection
    added: int


class CollectionChange(Wire):
    """PATCH …/collections/{collection}: what is None stays; `remove` takes galaxies out."""

    name: CollectionName | None = None
    note: str | None = Field(None, max_length=2000)
    remove: Rows = ()


class FlagNote(Wire):
    """PUT …/flags/{row}: why the label is doubted, in a person's own words."""

    note: str = Field("", max_length=500)


class LabelFlag(Wire):
    """One label that a person doubts. It belongs to the galaxies of a digest, whatever their dataset is
    called and whoever classifies them; it changes no label and no score."""

    dataset: str = Field(description="Its name now.")
    dataset_digest: str
    row: int
    source_id: str
    label: str = Field(description="Class that the galaxy had when it was flagged.")
    note: str
    created_at: datetime


MAX_RATING = 5


class RatingValue(Wire):
    """PUT …/ratings/{row}."""

    rating: int = Field(
        ge=0, le=MAX_RATING, strict=True, description="0: of no interest; 5: of the greatest."
    )


class Rating(RatingValue):
    """A galaxy that a person rated. It belongs to the galaxies of a digest, whatever their dataset is called
    and whichever encoder showed it; it changes no label and no score."""

    dataset: str = Field(description="Its name now.")
    dataset_digest: str
    row: int
    source_id: str
    label: str | None = Field(description="Class that the galaxy had when it was rated.")
    rated_at: datetime
