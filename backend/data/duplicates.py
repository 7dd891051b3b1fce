"""Near-duplicate images: a 64-bit perceptual hash a row, confirmed on small grey pictures."""

import numpy as np
from numpy.typing import NDArray

from backend.data.layout import Pixels

THUMB = 16
GRADIENT_LEVELS = 2.0
SAME_RMS_LEVELS = 3.0


def thumbnails(images: Pixels) -> Pixels:
    """(n, 16, 16) grey means over the cells of images (n, H, W, C)."""
    grey = images.mean(axis=3, dtype=np.float32) if images.shape[3] > 1 else images[..., 0].astype(np.float32)
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


def rows_in_other_splits(hashes: NDArray[np.uint64], thumbs: Pixels, splits: NDArray[np.uint8]) -> int:
    """How many validation and test rows have a near-duplicate in another split.

    Near: equal hash, and thumbnails within 3 grey levels rms.
    """
    order = np.argsort(hashes, kind="stable")
    starts = np.flatnonzero(np.diff(hashes[order], prepend=hashes[order][:1] + np.uint64(1)))
    found = 0
    for members in np.split(order, starts[1:]):
        if len(members) > 1 and len(np.unique(splits[members])) > 1:
            found += _shared(thumbs[members].reshape(len(members), -1), splits[members])
    return found


def _shared(thumbs: NDArray[np.uint8], splits: NDArray[np.uint8]) -> int:
    """Held-out rows of one hash that have a near-equal in another split."""
    distinct, which = np.unique(thumbs, axis=0, return_inverse=True)
    held = np.zeros((len(distinct), 3), np.int64)
    np.add.at(held, (which.reshape(-1), splits), 1)
    values = distinct.astype(np.float32)
    squares = (values**2).sum(axis=1)
    found = 0
    for start in range(0, len(values), 512):
        part = slice(start, start + 512)
        apart = squares[part, None] + squares[None] - 2 * values[part] @ values.T
        near = (apart <= SAME_RMS_LEVELS**2 * values.shape[1]).astype(np.int64)
        present = near @ held > 0  # (rows, 3): some near-equal stands in that split
        for code in (1, 2):
            elsewhere = present[:, [other for other in range(3) if other != code]].any(axis=1)
            found += int((held[part, code] * elsewhere).sum())
    return found
