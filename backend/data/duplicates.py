"""Near-duplicate images: grey thumbnails to compare, and a 64-bit perceptual hash to store."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from backend.data.layout import Floats, Pixels, Rows
from shared.base.vocabulary import SPLIT_CODES, Split

THUMB = 16
GRADIENT_LEVELS = 2.0
SAME_RMS_LEVELS = 1.25
SAME_SQUARES = SAME_RMS_LEVELS**2 * THUMB**2
ROUNDING = 32.0
"""Of squared distances up to 2²⁴ in float32."""
BLOCK = 256
MAX_PAIRS = 200


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
    """(n,) 64-bit hashes of thumbnails (n, 16, 16): a bit is set if a cell is brighter than its left
    neighbour by two levels, so flat sky gives stable zeros."""
    pooled = thumbs.reshape(len(thumbs), 8, 2, 8, 2).mean(axis=(2, 4))
    wrapped = np.concatenate([pooled, pooled[:, :, :1]], axis=2)
    bits = np.diff(wrapped, axis=2) > GRADIENT_LEVELS
    packed = np.packbits(bits.reshape(len(thumbs), 64), axis=1)
    return packed.view(">u8")[:, 0].astype(np.uint64)


@dataclass(frozen=True)
class NearDuplicate:
    """A validation or test row and the nearest row of another split: `same`, `turned` or `mirrored`, with the
    `rms` difference of their thumbnails in grey levels."""

    row: int
    other: int
    how: str
    rms: float


def find_near_duplicates(thumbs: Pixels, splits: NDArray[np.uint8]) -> tuple[int, tuple[NearDuplicate, ...]]:
    """How many held-out rows have a near-duplicate in another split, in any of the eight orientations of a
    square, and the first 200 of them.

    Near: thumbnails (N, 16, 16) within 1.25 grey levels rms. Invariants under rotation (the mean, and the
    means of pixels that map onto one another) are then at least as near: only rows near in those are compared
    pixel by pixel, and equal thumbnails of one split once."""
    first, which = _distinct(thumbs, splits)
    means = thumbs[first].reshape(len(first), -1).mean(axis=1)
    order = np.argsort(means, kind="stable")
    first, means, place = first[order], means[order], np.argsort(order)[which]
    values = thumbs[first].reshape(len(first), -1).astype(np.float32)
    best, other, state = _nearest(values, means, splits[first])
    found = np.flatnonzero(best[place] <= SAME_SQUARES)
    pairs = tuple(
        NearDuplicate(
            int(row),
            int(first[other[place[row]]]),
            _how(int(state[place[row]])),
            round(math.sqrt(best[place[row]] / THUMB**2), 3),
        )
        for row in found[:MAX_PAIRS]
    )
    return len(found), pairs


def pairs_json(pairs: Sequence[NearDuplicate]) -> bytes:
    """The pairs as a dataset file stores them."""
    return json.dumps([asdict(pair) for pair in pairs]).encode()


def read_pairs(stored: bytes) -> list[NearDuplicate]:
    """The pairs that pairs_json wrote."""
    return [NearDuplicate(**pair) for pair in json.loads(stored)]


def _distinct(thumbs: Pixels, splits: NDArray[np.uint8]) -> tuple[Rows, Rows]:
    """The first row of each distinct thumbnail of each split, and the one that each row equals."""
    keys = np.concatenate([thumbs.reshape(len(thumbs), -1), splits[:, None]], axis=1)
    as_one = np.ascontiguousarray(keys).view(np.dtype((np.void, keys.shape[1])))[:, 0]
    _, first, which = np.unique(as_one, return_index=True, return_inverse=True)
    return first, which.reshape(-1)


def _nearest(
    values: NDArray[np.float32], means: Floats, splits: NDArray[np.uint8]
) -> tuple[Floats, Rows, Rows]:
    """For each thumbnail, ordered by mean: squared distance to the nearest of another split, its place and
    its orientation; infinite for train rows and if none is near."""
    best = np.full(len(values), np.inf)
    other, state = np.zeros((2, len(values)), np.int64)
    invariant = values @ _orbits()
    held_out = np.flatnonzero(splits != SPLIT_CODES[Split.TRAIN])
    for start in range(0, len(held_out), BLOCK):
        rows = held_out[start : start + BLOCK]
        ends = means[rows[0]] - SAME_RMS_LEVELS, means[rows[-1]] + SAME_RMS_LEVELS
        first, last = np.searchsorted(means, ends)
        others = np.arange(first, min(last + 1, len(values)))
        near = _squares(invariant[rows], invariant[others]) <= SAME_SQUARES + ROUNDING
        near &= splits[rows][:, None] != splits[others][None]
        rows, others = rows[near.any(axis=1)], others[near.any(axis=0)]
        if not len(rows):
            continue
        together = splits[rows][:, None] == splits[others][None]
        for code in range(8):
            squares = _squares(_oriented(values[rows], code), values[others])
            squares[together] = np.inf
            nearest = squares.argmin(axis=1)
            least = squares[np.arange(len(rows)), nearest]
            closer = least < best[rows]
            other[rows[closer]] = others[nearest[closer]]
            state[rows[closer]] = code
            best[rows[closer]] = least[closer]
    return best, other, state


def _squares(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, m) squared distances of a (n, D) and b (m, D); exact for thumbnails, whose sums of whole numbers
    stay below 2²⁴."""
    product = a @ b.T
    squares = ((a**2).sum(axis=1)[:, None] - product) + ((b**2).sum(axis=1)[None] - product)
    return np.asarray(squares, np.float32)


def _orbits() -> NDArray[np.float32]:
    """(256, 36) projection onto what the eight orientations leave unchanged; no distance grows in it."""
    place = np.arange(THUMB**2, dtype=np.float32)[None]
    least = np.stack([_oriented(place, code)[0] for code in range(8)]).min(axis=0)
    member = least[:, None] == np.unique(least)[None]
    return np.asarray(member / np.sqrt(member.sum(axis=0)), np.float32)


def _oriented(values: NDArray[np.float32], code: int) -> NDArray[np.float32]:
    """Thumbnails (n, 256) rotated by code % 4 quarter turns, from 4 on mirrored first."""
    square = values.reshape(-1, THUMB, THUMB)
    mirrored = square[:, :, ::-1] if code >= 4 else square
    return np.ascontiguousarray(np.rot90(mirrored, code % 4, (1, 2))).reshape(len(values), -1)


def _how(code: int) -> str:
    return "same" if code == 0 else "mirrored" if code >= 4 else "turned"
