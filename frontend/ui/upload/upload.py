"""Uploading files from the user's computer to the API."""

from collections.abc import Callable
from dataclasses import dataclass

from frontend.ui.browser_view import on_trigger
from frontend.ui.components import load_component
from shared.contract.datasets import Upload

MOST_BYTES = 2_000_000_000
PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp")
FRAMES = (".fits", ".fit", ".fits.gz", ".npy")
CONTAINERS = (".zip", ".npz", ".h5", ".hdf5")
TABLES = (".csv", ".tsv", ".parquet", ".ecsv", ".vot", ".votable", ".xml", ".tbl", ".csv.gz", ".vot.gz")

_UPLOAD = load_component(__file__)


@dataclass(frozen=True)
class UploadKind:
    """The accepted files, and the text of the empty field."""

    title: str
    hint: str
    accept: tuple[str, ...]
    many: bool


IMAGES = UploadKind(
    title="Drop images or one zip file here",
    hint="Up to 2 GB. A zip file keeps its folders and may include a table of labels.",
    accept=PICTURES + FRAMES + CONTAINERS + TABLES,
    many=True,
)
POSITIONS = UploadKind(
    title="Drop a table with RA and Dec here",
    hint="One row per galaxy; a list without a header is fine too.",
    accept=TABLES,
    many=False,
)
RUN_ZIP = UploadKind(
    title="Drop the zip file of a run here",
    hint="Up to 2 GB, from “Export” on its Run page. Larger files: galaxyscope runs import FILE.zip",
    accept=(".zip",),
    many=False,
)
SPLIT_TABLE = UploadKind(
    title="Drop a CSV file here",
    hint="Columns source_id (or row) and split: train, val or test.",
    accept=(".csv",),
    many=False,
)


def draw_upload(kind: UploadKind, key: str, *, on_done: Callable[[Upload], None]) -> None:
    """Draw the upload field; `on_done` gets the finished upload before the next rerun."""

    done = on_trigger(key, "done", lambda upload: on_done(Upload.model_validate(dict(upload))))
    data = {
        "title": kind.title,
        "hint": kind.hint,
        "accept": list(kind.accept),
        "many": kind.many,
        "most_bytes": MOST_BYTES,
    }
    _UPLOAD(data=data, key=key, on_done_change=done)
