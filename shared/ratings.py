"""How much a galaxy interests a person, 0 to 5: kept beside the dataset, never in it."""

from datetime import datetime

from pydantic import Field

from shared.runs import Wire

BEST = 5


class RatingValue(Wire):
    """PUT …/ratings/{row}."""

    rating: int = Field(ge=0, le=BEST, strict=True, description="0: of no interest; 5: of the greatest.")


class Rating(RatingValue):
    """A galaxy that a person rated. It belongs to the galaxies of a digest, whatever their dataset is called
    and whichever encoder showed it; it changes no label and no score."""

    dataset: str = Field(description="Its name now.")
    dataset_digest: str
    row: int
    source_id: str
    label: str | None = Field(description="Class that the galaxy had when it was rated.")
    rated_at: datetime
