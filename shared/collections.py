"""Galaxies that a person keeps under a name: kept beside the dataset, never in it."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from shared.runs import Wire

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


class CollectionGrowth(Wire):
    """POST …/collections/{collection}: galaxies to add; the collection is made where there is none."""

    rows: Rows


class GrownCollection(Wire):
    """The collection, and how many of the galaxies were new to it."""

    collection: Collection
    added: int


class CollectionChange(Wire):
    """PATCH …/collections/{collection}: what is None stays; `remove` takes galaxies out."""

    name: CollectionName | None = None
    note: str | None = Field(None, max_length=2000)
    remove: Rows = ()
