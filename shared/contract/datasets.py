"""Datasets, and the sources they are imported from."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from shared.base.config import DATASET_NAME
from shared.base.vocabulary import Split
from shared.base.wire import Wire


class SkippedRow(Wire):
    """A row that the import skipped, and why."""

    source: str
    reason: str


class ReceiptLine(Wire):
    """One line of the receipt of an import. `read` says what was taken from where; `skipped`, what was there
    and is not used; `assumed`, what nobody had said, with the `field` of ImportConfig that says it."""

    kind: Literal["read", "skipped", "assumed"]
    text: str
    count: int | None = Field(None, description="How many were read or skipped.")
    first: str | None = Field(None, description="The first one skipped.")
    field: str | None = None


class Target(Wire):
    """A numeric column of a dataset, kept to be predicted."""

    name: str
    unit: str = Field(description="As in the source; empty if it has none.")
    known: int = Field(description="Rows that have a value.")


class Dataset(Wire):
    """One dataset of the store."""

    name: str
    digest: str = Field(description="SHA-256 over pixels, labels, split and targets.")
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
        description="Validation and test rows with a near-duplicate, also turned or mirrored, elsewhere."
    )
    skipped: list[SkippedRow]
    skipped_count: int
    receipt: list[ReceiptLine] = Field([], description="Of the import: what was read, skipped and assumed.")
    size_bytes: int
    created_at: datetime
    description: str = Field("", description="By the user.")
    stretch: str = Field("", description="How source values became 8 bits, in words.")
    with_sky: int = Field(0, description="Rows with right ascension and declination.")
    redshift_range: tuple[float, float] | None = Field(None, description="Of the rows that have one.")
    targets: list[Target] = Field([], description="Numeric columns kept to be predicted.")


class DatasetChange(Wire):
    """PATCH /datasets/{name}: None leaves a field unchanged."""

    name: str | None = Field(None, pattern=DATASET_NAME)
    description: str | None = Field(None, max_length=2000)


class DeletionPreview(Wire):
    """What deleting a dataset affects. `runs` on it keep their results but cannot resume; `blocked_by` are
    active or queued, and must end first."""

    name: str
    size_bytes: int
    runs: list[str]
    blocked_by: list[str]


class DuplicatePair(Wire):
    """A validation or test row and its near-duplicate in another split. `how` is same, turned or mirrored;
    `rms_levels` compares 16-pixel grey thumbnails, in levels of 255."""

    row: int
    split: Split
    other: int
    other_split: Split
    how: str
    rms_levels: float


class Duplicates(Wire):
    """`total` held-out rows have a near-duplicate in another split; `pairs` are the first of them."""

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
    """Of `n` train rows, drawn with a fixed seed."""

    n: int
    bands: list[BandStatistics]


class SkyMap(Wire):
    """Positions of galaxies; a larger dataset is thinned with a fixed seed. `label` is an index of
    class_names, −1 for none."""

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


class FolderEntry(Wire):
    """A folder, or a file that an import can read. `hint` is its likely content: "HDF5", "table",
    "120 images", or empty."""

    name: str
    path: str
    is_dir: bool
    size_bytes: int | None
    hint: str


class FolderListing(Wire):
    """One folder of the server. `parent` is None at a root; `truncated` if not all entries are listed."""

    path: str
    parent: str | None
    roots: list[str]
    entries: list[FolderEntry]
    truncated: bool


class Upload(Wire):
    """Files uploaded by the browser. `path` is for the import: the only file besides a table, else the
    folder; `labels` is that table."""

    id: str
    path: str
    labels: str | None = None
    files: list[str]
    size_bytes: int


class SourceProblem(Wire):
    """Why an import would fail, or what it would skip; `field` is the setting to change."""

    code: str
    detail: str
    field: str | None


class SourcePreview(Wire):
    """What an import would read. It can start if there are no `problems`.

    `roles` maps each field of COLUMN_FIELDS to its column (given or guessed) or None; `rows` are the first
    five of the table, as text."""

    kind: str = Field(
        description="galaxy10, universe, array, parquet, hats, class_folders, folder_table or folder"
    )
    n: int
    sizes: dict[str, int] = Field(
        description="Counts by width × height in pixels, most frequent first (of the first 2,000 images)."
    )
    img_size: int | None = Field(description="Side of the stored images; None while sizes differ.")
    channels: int
    bands: list[str]
    dtype: str = Field(description="Of the source: uint8, uint16, float32 …")
    stretched: bool = Field(description="Whether the stretch applies: the source has more than 8 bits.")
    columns: list[str]
    roles: dict[str, str | None]
    rows: list[dict[str, str]]
    numeric: list[str] = Field([], description="Columns that could be targets.")
    class_counts: dict[str, int]
    unlabelled: int
    split_counts: dict[str, int] = Field(description="Empty if the source has no split.")
    size_bytes: int = Field(description="Of the pixels, once stored.")
    receipt: list[ReceiptLine] = Field(description="What the import would read, skip and assume.")
    problems: list[SourceProblem]
