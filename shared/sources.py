"""What stands before an import: folders to choose from, uploads, and what a source looks like."""

from pydantic import Field

from shared.runs import Wire


class FolderEntry(Wire):
    """A folder, or a file that an import can read. `hint` says what it seems to be: "HDF5", "table",
    "120 images", empty where unknown."""

    name: str
    path: str
    is_dir: bool
    size_bytes: int | None
    hint: str


class FolderListing(Wire):
    """One folder of the server. `parent` is None at a root; `truncated` where it has more than is listed."""

    path: str
    parent: str | None
    roots: list[str]
    entries: list[FolderEntry]
    truncated: bool


class Upload(Wire):
    """Files sent from the browser. `path` is what an import reads: the file, where there is one besides a
    table, else the folder of all; `labels` is that table."""

    id: str
    path: str
    labels: str | None = None
    files: list[str]
    size_bytes: int


class SourceProblem(Wire):
    """Why an import would fail, or what it would leave out; `field` is the setting that solves it."""

    code: str
    detail: str
    field: str | None


class SourcePreview(Wire):
    """What an import would find. Where `problems` is empty it can start.

    `roles` maps each field of COLUMN_FIELDS to the column in effect (given or guessed), None where there is
    none; `rows` are the first five of the table, as text.
    """

    kind: str = Field(description="galaxy10, array, class_folders, folder_table or folder")
    n: int
    sizes: dict[str, int] = Field(
        description="Width × height in pixels and how many have it, the most frequent first (of the first "
        "2,000 images)."
    )
    img_size: int | None = Field(description="Side of the stored images; None while sizes differ.")
    channels: int
    bands: list[str]
    dtype: str = Field(description="Of the source: uint8, uint16, float32 …")
    stretched: bool = Field(description="Whether the stretch applies: the source has more than 8 bits.")
    columns: list[str]
    roles: dict[str, str | None]
    rows: list[dict[str, str]]
    class_counts: dict[str, int]
    unlabelled: int
    split_counts: dict[str, int] = Field(description="Empty where the source brings no split.")
    size_bytes: int = Field(description="Of the pixels, once stored.")
    notes: list[str] = Field(description="What will be done, a sentence each.")
    problems: list[SourceProblem]
