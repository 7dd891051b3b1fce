"""Rows of a dataset in memory at the size a model sees, as uint8."""

import numpy as np
from numpy.typing import NDArray

from backend.data.frames.resize import centre_crop, resize
from backend.data.layout import Pixels, Rows
from backend.data.store import GalaxyStore
from shared.base.vocabulary import SPLIT_CODES, Split

BLOCK_BYTES = 32 * 2**20


def split_rows(store: GalaxyStore, split: Split, labelled_only: bool = False) -> Rows:
    """Row numbers of a split, ascending."""
    chosen = store.splits == SPLIT_CODES[split]
    if labelled_only:
        chosen &= store.labels >= 0
    return np.flatnonzero(chosen).astype(np.int64)


def thin(rows: Rows, at_most: int | None) -> Rows:
    """The rows, or so many of them, evenly taken."""
    if at_most is None or len(rows) <= at_most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, at_most).round().astype(np.int64)]


def load_images(store: GalaxyStore, rows: NDArray[np.int64], img_size: int, crop_size: int | None) -> Pixels:
    """(n, img_size, img_size, C) images: centre crop if asked, then resized; untouched where sizes agree."""
    out = np.empty((len(rows), img_size, img_size, store.channels), np.uint8)
    block = max(1, BLOCK_BYTES // (store.img_size**2 * store.channels))
    for start in range(0, len(rows), block):
        images = store.images(rows[start : start + block])
        if crop_size is not None:
            images = centre_crop(images, crop_size)
        out[start : start + block] = resize(images, img_size)
    return out
