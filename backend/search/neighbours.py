"""The k nearest of every galaxy, exactly: all cosines are computed, a block at a time.

Shapes: N galaxies, D width, k neighbours. Vectors are float32 of length 1, so that products are cosines.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.search.index import Rows
from backend.search.trivial import Catalogue
from backend.search.vectors import Vectors

BLOCK = 512
SPARE = 6
"""Fetched beyond k, so that k are left when trivial ones are taken away; a galaxy of more is looked at
alone."""
NEAR_ARCSEC = 5.0


@dataclass(frozen=True)
class Nearest:
    """`rows` (N, k), the nearest first, of equal cosines the smaller row first; `cosines` (N, k). Where there
    are fewer than k, rows are −1 and cosines 0 at the end."""

    rows: Rows
    cosines: Vectors

    @property
    def known(self) -> NDArray[np.bool_]:
        """(N, k): places that hold a neighbour."""
        return self.rows >= 0


def nearest(
    vectors: Vectors, catalogue: Catalogue, k: int, allowed: NDArray[np.bool_] | None = None
) -> Nearest:
    """Of every galaxy the k most alike, itself and trivial ones not counted; only `allowed` ones (N,), where
    given."""
    pool = np.arange(len(vectors)) if allowed is None else np.flatnonzero(allowed)
    found = Nearest(np.full((len(vectors), k), -1, np.int64), np.zeros((len(vectors), k), np.float32))
    gallery = vectors if allowed is None else vectors[pool]
    block = np.empty((BLOCK, len(pool)), np.float32)
    for start in range(0, len(vectors), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(vectors)))
        cosines = np.matmul(vectors[rows], gallery.T, out=block[: len(rows)])
        _fill(found, rows, cosines, pool, _not_again(catalogue))
    return found


NotAgain = Callable[[Rows, Rows, Vectors], NDArray[np.bool_]]


def _not_again(catalogue: Catalogue) -> NotAgain:
    def told_apart(rows: Rows, others: Rows, cosines: Vectors) -> NDArray[np.bool_]:
        apart: NDArray[np.bool_] = rows != others
        return apart & ~catalogue.again(rows, others, cosines, NEAR_ARCSEC)

    return told_apart


def _fill(found: Nearest, rows: Rows, cosines: Vectors, pool: Rows, kept: NotAgain) -> None:
    """Writes the nearest of some rows, whose cosines with the pool are (n, P)."""
    k = found.rows.shape[1]
    most = min(k + SPARE, len(pool))
    if most == 0:
        return
    least = np.partition(cosines, len(pool) - most, axis=1)[:, -most]
    places, others = np.nonzero(cosines >= least[:, None])
    values = cosines[places, others]
    keep = kept(rows[places], pool[others], values)
    left = _first_k(found, rows, places[keep], pool[others[keep]], values[keep])
    short = np.flatnonzero((left < k) & (most < len(pool)))
    for place in short:  # more trivial ones than were fetched beyond k
        keep = kept(np.full(len(pool), rows[place]), pool, cosines[place])
        _first_k(found, rows, np.full(keep.sum(), place), pool[keep], cosines[place][keep])


def _first_k(found: Nearest, rows: Rows, places: Rows, others: Rows, values: Vectors) -> Rows:
    """Of pairs (place among rows, other row, cosine) the k best of each place; how many each had (n,)."""
    k = found.rows.shape[1]
    order = np.lexsort((others, -values, places))
    places, others, values = places[order], others[order], values[order]
    counts = np.bincount(places, minlength=len(rows))
    rank = np.arange(len(places)) - (np.cumsum(counts) - counts)[places]
    first = rank < k
    at = rows[places[first]], rank[first]
    found.rows[at], found.cosines[at] = others[first], values[first]
    return counts
