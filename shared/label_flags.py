"""A person's doubt about a label: kept beside the dataset, never in it."""

from datetime import datetime

from pydantic import Field

from shared.runs import Wire


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
