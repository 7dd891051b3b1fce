"""Datasets as page, API and shell see them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.runs import Wire


class Split(StrEnum):
    TRAIN = "train"
    VAL = "val"
    TEST = "test"


SPLIT_CODES: dict[Split, int] = {Split.TRAIN: 0, Split.VAL: 1, Split.TEST: 2}
"""How a split is stored in the dataset file (uint8)."""


class Skipped(Wire):
    """A row that the importer left out, and why."""

    source: str
    reason: str


class Dataset(Wire):
    """One dataset of the store."""

    name: str
    digest: str = Field(description="SHA-256 over pixels, labels and split.")
    n: int
    img_size: int = Field(description="Side of a square image, pixels.")
    bands: list[str] = Field(description="One name a channel, 1 to 5.")
    class_names: list[str] = Field(description="Empty where nothing is labelled.")
    class_counts: dict[str, int]
    split_counts: dict[str, int]
    unlabelled: int
    simulated: bool
    provenance: dict[str, Any]
    channel_mean: list[float] = Field(description="Of the train split, 0 to 1.")
    channel_std: list[float]
    duplicates_across_splits: int
    skipped: list[Skipped]
    skipped_count: int
    size_bytes: int
    created_at: datetime


class Galaxy(Wire):
    """One row of a dataset. Its picture: /datasets/{name}/images/{row}.png?size=…"""

    row: int
    source_id: str
    label: str | None
    split: Split
    ra: float | None = Field(description="deg")
    dec: float | None = Field(description="deg")
    redshift: float | None
    pxscale: float | None = Field(description="arcsec per pixel")


class GalaxyPage(Wire):
    """A page of rows after filtering; `total` counts all that match."""

    total: int
    offset: int
    galaxies: list[Galaxy]
