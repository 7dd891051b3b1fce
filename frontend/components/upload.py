"""Files from the person's own computer, sent by the browser to the API."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from frontend.components import load_component
from shared.contract.datasets import Upload

MOST_BYTES = 2_000_000_000
PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp")
FRAMES = (".fits", ".fit", ".fits.gz", ".npy")
CONTAINERS = (".zip", ".npz", ".h5", ".hdf5")
TABLES = (".csv", ".parquet")

_UPLOAD = load_component("upload")


@dataclass(frozen=True)
class UploadKind:
    """What may be sent, and the words of the empty field."""

    ask: str
    hint: str
    accept: tuple[str, ...]
    many: bool


IMAGES = UploadKind(
    ask="Drop images here, or one zip",
    hint="Up to 2 GB. A zip keeps its folders; a table of labels may lie beside the images.",
    accept=PICTURES + FRAMES + CONTAINERS + TABLES,
    many=True,
)
RUN_ZIP = UploadKind(
    ask="Drop the zip of a run here",
    hint="Up to 2 GB, from “Take along” on its Run page. Larger ones: galaxyscope runs import FILE.zip",
    accept=(".zip",),
    many=False,
)
SPLIT_TABLE = UploadKind(
    ask="Drop a CSV here",
    hint="Columns source_id (or row) and split: train, val or test.",
    accept=(".csv",),
    many=False,
)


def draw_upload(kind: UploadKind, key: str, *, on_done: Callable[[Upload], None]) -> None:
    """Draws the field; before the next rerun `on_done` gets what has arrived."""

    def done() -> None:
        arrived = st.session_state[key].get("done")
        if arrived:
            on_done(Upload.model_validate(dict(arrived)))

    data = {
        "ask": kind.ask,
        "hint": kind.hint,
        "accept": list(kind.accept),
        "many": kind.many,
        "most_bytes": MOST_BYTES,
    }
    _UPLOAD(data=data, key=key, on_done_change=done)
