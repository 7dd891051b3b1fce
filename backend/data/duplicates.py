"""Near-duplicate images: small grey pictures to compare, and a 64-bit perceptual hash to keep."""

import numpy as np
from numpy.typing import NDArray

from backend.data.layout import Pixels

THUMB = 16
GRADIENT_LEVELS = 2.0
SAME_RMS_LEVELS = 1.25
SAME_MEAN_LEVELS = 0.5
BLOCK = 256


def thumbnails(images: Pixels) -> Pixels:
    """(n, 16, 16) grey means over the cells of images (n, H, W, C)."""
    channels = images.shape[3]
    grey = images[..., 0].astype(np.float32)
    for band in range(1, channels):
        grey += images[..., band]
    grey /= channels
    return np.round(_cells(_cells(grey, 1), 2)).astype(np.uint8)


def _cells(values: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Means over 16 runs of nearly equal length along `axis`; sides under 16 repeat pixels."""
    size = values.shape[axis]
    if size < THUMB:
        values, size = np.repeat(values, THUMB, axis=axis), size * THUMB
    edges = np.linspace(0, size, THUMB + 1).round().astype(np.int64)
    sums = np.add.reduceat(values, edges[:-1], axis=axis)
    shape = [1] * values.ndim
    shape[axis] = THUMB
    widths = np.diff(edges).astype(np.float32).reshape(shape)
    return np.asarray(sums / widths, np.float32)


def difference_hash(thumbs: Pixels) -> NDArray[np.uint64]:
    """(n,) 64-bit hashes of thumbnails (n, 16, 16): bit = brighter than the left neighbour by two levels,
    so that flat sky gives stable zeros."""
    pooled = thumbs.reshape(len(thumbs), 8, 2, 8, 2).mean(axis=(2, 4))
    wrapped = np.concatenate([pooled, pooled[:, :, :1]], axis=2)
    bits = np.diff(wrapped, axis=2) > GRADIENT_LEVELS
    packed = np.packbits(bits.reshape(len(thumbs), 64), axis=1)
    return packed.view(">u8")[:, 0].astype(np.uint64)


def rows_in_other_splits(thumbs: Pixels, splits: NDArray[np.uint8]) -> int:
    """How many validation and test rows have a near-duplicate in another split.

    Near: thumbnails (N, 16, 16) within 1.25 grey levels rms and half a level in the mean. Equal thumbnails
    are merged and the rest compared along the sorted means, so that few pairs are ever looked at.
    """
    distinct, which = np.unique(thumbs.reshape(len(thumbs), -1), axis=0, return_inverse=True)
    values = distinct.astype(np.float32)
    order = np.argsort(values.mean(axis=1))
    values, place = values[order], np.argsort(order)[which.reshape(-1)]
    held = np.zeros((len(values), 3), np.int64)  # (distinct thumbnails, rows of each split)
    np.add.at(held, (place, splits), 1)
    return sum(_shared_in_block(values, held, start) for start in range(0, len(values), BLOCK))


def _shared_in_block(values: NDArray[np.float32], held: NDArray[np.int64], start: int) -> int:
    """Held-out rows of one block of thumbnails (sorted by mean) with a near-equal in another split."""
    block, means = values[start : start + BLOCK], values.mean(axis=1)
    first = np.searchsorted(means, means[start] - SAME_MEAN_LEVELS)
    last = np.searchsorted(means, means[start + len(block) - 1] + SAME_MEAN_LEVELS, side="right")
    others = values[first:last]
    squares = (block**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)[None]
    near = squares - 2 * block @ others.T <= SAME_RMS_LEVELS**2 * values.shape[1]
    present = near.astype(np.int64) @ held[first:last] > 0  # (block, 3): a near-equal stands in that split
    own = held[start : start + BLOCK]
    in_val = own[:, 1] * (present[:, 0] | present[:, 2])
    in_test = own[:, 2] * (present[:, 0] | present[:, 1])
    return int(in_val.sum() + in_test.sum())
