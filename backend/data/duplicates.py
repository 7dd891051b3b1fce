"""Near-duplicate images: small grey pictures to compare, and a 64-bit perceptual hash to keep."""

import json
import math
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
    """(n,) 64-bit hashes of thumbnails (n, 16, 16): bit = brighter than the left neighbour by two levels,
    so that flat sky gives stable zeros."""
    pooled = thumbs.reshape(len(thumbs), 8, 2, 8, 2).mean(axis=(2, 4))
    wrapped = np.concatenate([pooled, pooled[:, :, :1]], axis=2)
    bits = np.diff(wrapped, axis=2) > GRADIENT_LEVELS
    packed = np.packbits(bits.reshape(len(thumbs), 64), axis=1)
    return packed.view(">u8")[:, 0].astype(np.uint64)


@dataclass(frozen=True)
class Twin:
    """A validation or test row and its nearest twin in another split: `same`, `turned` or `mirrored`, and
    `rms` of their thumbnails' difference in grey levels."""

    row: int
    other: int
    how: str
    rms: float


@dataclass(frozen=True)
class Twins:
    """How many validation and test rows have a twin in another split, and the first 200 of them."""

    total: int
    pairs: tuple[Twin, ...]


def find_twins(thumbs: Pixels, splits: NDArray[np.uint8]) -> Twins:
    """Near-duplicates of held-out rows in another split, in any of the eight orientations of a square.

    Near: thumbnails (N, 16, 16) within 1.25 grey levels rms. What turning leaves as it is (the mean, and the
    means of pixels that can turn into one another) is then as near: only rows that agree in those are
    compared pixel by pixel, and equal thumbnails of one split once.
    """
    first, which = _distinct(thumbs, splits)
    means = thumbs[first].reshape(len(first), -1).mean(axis=1)
    order = np.argsort(means, kind="stable")
    first, means, place = first[order], means[order], np.argsort(order)[which]
    values = thumbs[first].reshape(len(first), -1).astype(np.float32)
    best, other, state = _nearest(values, means, splits[first])
    found = np.flatnonzero(best[place] <= SAME_SQUARES)
    pairs = tuple(
        Twin(
            int(row),
            int(first[other[place[row]]]),
            _how(int(state[place[row]])),
            round(math.sqrt(best[place[row]] / THUMB**2), 3),
        )
        for row in found[:MAX_PAIRS]
    )
    return Twins(len(found), pairs)


def twins_json(twins: Twins) -> bytes:
    """The pairs, as a dataset file keeps them."""
    return json.dumps([asdict(pair) for pair in twins.pairs]).encode()


def read_twins(stored: bytes) -> list[Twin]:
    """The pairs that twins_json wrote."""
    return [Twin(**pair) for pair in json.loads(stored)]


def _distinct(thumbs: Pixels, splits: NDArray[np.uint8]) -> tuple[Rows, Rows]:
    """First row of each different thumbnail of each split, and which of those each row equals."""
    keys = np.concatenate([thumbs.reshape(len(thumbs), -1), splits[:, None]], axis=1)
    as_one = np.ascontiguousarray(keys).view(np.dtype((np.void, keys.shape[1])))[:, 0]
    _, first, which = np.unique(as_one, return_index=True, return_inverse=True)
    return first, which.reshape(-1)


def _nearest(
    values: NDArray[np.float32], means: Floats, splits: NDArray[np.uint8]
) -> tuple[Floats, Rows, Rows]:
    """For each thumbnail, in the order of the means: squared distance to the nearest of another split, its
    place and its orientation; infinite for train rows and where none is near."""
    best = np.full(len(values), np.inf)
    other, state = np.zeros((2, len(values)), np.int64)
    invariant = values @ _orbits()
    held_out = np.flatnonzero(splits != SPLIT_CODES[Split.TRAIN])
    for start in range(0, len(held_out), BLOCK):
        rows = held_out[start : start + BLOCK]
        first, last = np.searchsorted(
            means, (means[rows[0]] - SAME_RMS_LEVELS, means[rows[-1]] + SAME_RMS_LEVELS)
        )
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
    """(256, 36) projection onto what the eight orientations leave as it is, in which no distance grows."""
    place = np.arange(THUMB**2, dtype=np.float32)[None]
    least = np.stack([_oriented(place, code)[0] for code in range(8)]).min(axis=0)
    member = least[:, None] == np.unique(least)[None]
    return np.asarray(member / np.sqrt(member.sum(axis=0)), np.float32)


def _oriented(values: NDArray[np.float32], code: int) -> NDArray[np.float32]:
    """Thumbnails (n, 256) turned by code % 4 quarters, from 4 on mirrored first."""
    square = values.reshape(-1, THUMB, THUMB)
    mirrored = square[:, :, ::-1] if code >= 4 else square
    return np.ascontiguousarray(np.rot90(mirrored, code % 4, (1, 2))).reshape(len(values), -1)


def _how(code: int) -> str:
    if code == 0:
        return "same"
    return "mirrored" if code >= 4 else "turned"
