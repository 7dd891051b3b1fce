"""Datasets as page, API and shell see them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.config_base import DATASET_NAME
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
    duplicates_across_splits: int = Field(
        description="Validation and test rows with a near-duplicate, turned or mirrored ones included, in "
        "another split."
    )
    skipped: list[Skipped]
    skipped_count: int
    size_bytes: int
    created_at: datetime
    description: str = Field("", description="A person's own words.")
    stretch: str = Field("", description="How source values became 8 bits, in words.")
    with_sky: int = Field(0, description="Rows with right ascension and declination.")
    redshift_range: tuple[float, float] | None = Field(None, description="Of the rows that have one.")


class DatasetChange(Wire):
    """PATCH /datasets/{name}: what to change; None leaves as it is."""

    name: str | None = Field(None, pattern=DATASET_NAME)
    description: str | None = Field(None, max_length=2000)


class DeletionPreview(Wire):
    """What deleting a dataset takes away. `runs` were trained or measured on it and keep their results, but
    cannot resume; `blocked_by` are queued or at work on it, and must end first."""

    name: str
    size_bytes: int
    runs: list[str]
    blocked_by: list[str]


class DuplicatePair(Wire):
    """A validation or test row and its nearest twin in another split. `how` is same, turned or mirrored;
    `rms_levels` compares 16-pixel grey thumbnails, in levels of 255."""

    row: int
    split: Split
    other: int
    other_split: Split
    how: str
    rms_levels: float


class Duplicates(Wire):
    """`total` held-out rows have a twin elsewhere; the first of them as pairs."""

    total: int
    pairs: list[DuplicatePair]


class BandStatistics(Wire):
    """Pixel values of one band, 0 to 255: 64 bins of four levels, and the shares at both ends."""

    band: str
    mean: float
    std: float
    minimum: int
    maximum: int
    share_black: float = Field(description="Of pixels that are 0.")
    share_white: float = Field(description="Of pixels that are 255.")
    counts: list[int]


class PixelStatistics(Wire):
    """Of `n` train rows, drawn at random but always the same."""

    n: int
    bands: list[BandStatistics]


class SkyMap(Wire):
    """Where the galaxies are; at most so many as were asked for, drawn at random but always the same.
    `label` is an index of class_names, −1 for none."""

    total: int
    row: list[int]
    ra: list[float] = Field(description="deg, 0 to 360")
    dec: list[float] = Field(description="deg")
    label: list[int]
    class_names: list[str]


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
