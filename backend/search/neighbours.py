"""The k nearest of every galaxy, exactly: all cosines are computed, a block at a time.

Shapes: N galaxies, D width, k neighbours. Vectors are float32 of length 1, so products are cosines.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.search.index import Rows
from backend.search.trivial import Catalogue
from backend.search.vectors import Vectors

BLOCK = 512
SPARE = 6
"""Fetched beyond k, to replace trivial neighbours; a galaxy with more of those is searched again alone."""
NEAR_ARCSEC = 5.0


@dataclass(frozen=True)
class Nearest:
    """`rows` (N, k), the nearest first, ties by row; `cosines` (N, k). Missing ones are −1 and 0, at the
    end."""

    rows: Rows
    cosines: Vectors

    @property
    def known(self) -> NDArray[np.bool_]:
        """(N, k): places that hold a neighbour."""
        return self.rows >= 0


def nearest(
    vectors: Vectors, catalogue: Catalogue, k: int, allowed: NDArray[np.bool_] | None = None
) -> Nearest:
    """The k most similar of every galaxy, without itself and trivial ones, among the `allowed` (N,)."""
    pool = np.arange(len(vectors)) if allowed is None else np.flatnonzero(allowed)
    found = Nearest(np.full((len(vectors), k), -1, np.int64), np.zeros((len(vectors), k), np.float32))
    gallery = vectors if allowed is None else vectors[pool]
    block = np.empty((BLOCK, len(pool)), np.float32)
    for start in range(0, len(vectors), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(vectors)))
        cosines = np.matmul(vectors[rows], gallery.T, out=block[: len(rows)])
        _fill(found, rows, cosines, pool, catalogue)
    return found


def _fill(found: Nearest, rows: Rows, cosines: Vectors, pool: Rows, catalogue: Catalogue) -> None:
    """Write the nearest of some rows, whose cosines with the pool are (n, P)."""

    def kept(rows: Rows, others: Rows, cosines: Vectors) -> NDArray[np.bool_]:
        different: NDArray[np.bool_] = rows != others
        return different & ~catalogue.again(rows, others, cosines, NEAR_ARCSEC)

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
    for place in short:  # more trivial ones than SPARE
        keep = kept(np.full(len(pool), rows[place]), pool, cosines[place])
        _first_k(found, rows, np.full(keep.sum(), place), pool[keep], cosines[place][keep])


def _first_k(found: Nearest, rows: Rows, places: Rows, others: Rows, values: Vectors) -> Rows:
    """Write the k best pairs (place among rows, other row, cosine) of each place; how many each had (n,)."""
    k = found.rows.shape[1]
    order = np.lexsort((others, -values, places))
    places, others, values = places[order], others[order], values[order]
    counts = np.bincount(places, minlength=len(rows))
    rank = np.arange(len(places)) - (np.cumsum(counts) - counts)[places]
    first = rank < k
    at = rows[places[first]], rank[first]
    found.rows[at], found.cosines[at] = others[first], values[first]
    return counts
