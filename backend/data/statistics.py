"""Pixel values of a dataset by band, to see whether it is clipped or dark."""

import numpy as np

from backend.data.layout import Pixels, Rows
from backend.data.store import GalaxyStore, split_rows
from shared.base.vocabulary import Split
from shared.contract.datasets import BandStatistics, PixelStatistics

SAMPLE = 1000
BINS = 64
BLOCK = 64


def pixel_statistics(store: GalaxyStore, n: int = SAMPLE) -> PixelStatistics:
    """Of at most `n` train rows, drawn with a fixed seed."""
    rows = split_rows(store, Split.TRAIN)
    if len(rows) > n:
        rows = np.sort(np.random.default_rng(0).choice(rows, n, replace=False))
    counts = np.zeros((store.channels, 256), np.int64)
    for start in range(0, len(rows), BLOCK):
        counts += count_values(store.images(rows[start : start + BLOCK]))
    return PixelStatistics(
        n=len(rows), bands=[_band(name, values) for name, values in zip(store.bands, counts, strict=True)]
    )


def count_values(images: Pixels) -> Rows:
    """(C, 256) how often each value occurs in images (n, H, W, C)."""
    channels = images.shape[3]
    return np.stack([np.bincount(images[..., c].ravel(), minlength=256) for c in range(channels)])


def _band(name: str, counts: Rows) -> BandStatistics:
    total, levels = max(int(counts.sum()), 1), np.arange(256)
    mean = float((counts * levels).sum() / total)
    present = np.flatnonzero(counts)
    return BandStatistics(
        band=name,
        mean=mean,
        std=float(np.sqrt((counts * (levels - mean) ** 2).sum() / total)),
        minimum=int(present[0]) if len(present) else 0,
        maximum=int(present[-1]) if len(present) else 0,
        share_black=float(counts[0] / total),
        share_white=float(counts[255] / total),
        counts=counts.reshape(BINS, -1).sum(axis=1).tolist(),
    )
