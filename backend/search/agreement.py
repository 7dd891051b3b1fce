"""How far two rankings of the same galaxies agree.

Shapes: N galaxies, D features, Q galaxies that ask, k neighbours of each.
"""

import numpy as np
from numpy.typing import NDArray

from backend.search.index import Examples, Rows, Vectors, rank

Counts = NDArray[np.int64]
Shares = NDArray[np.float64]
BLOCK = 256
"""Galaxies whose cosines with all others are in memory at once, as long as those are not more than:"""
MOST_COSINES = 2**24
FEWEST_RANKED = 3


def neighbour_lists(vectors: Vectors, rows: Rows, sources: Counts, k: int) -> Rows:
    """(Q, k): the nearest of each of `rows`, the best first, ties by row; none of its own source (N,). Every
    row must have k others."""
    found = np.empty((len(rows), k), np.int64)
    nobody = vectors[:0]
    block = max(1, min(BLOCK, MOST_COSINES // len(vectors)))
    for start in range(0, len(rows), block):
        asked = rows[start : start + block]
        cosine = vectors[asked] @ vectors.T
        for place, row in enumerate(asked):
            examples = Examples(vectors[row : row + 1], nobody, 0.0)
            others = sources != sources[row]
            found[start + place] = rank(vectors, examples, cosine[place], others, k, least=False).rows
    return found


def shared_counts(first: Rows, second: Rows) -> Counts:
    """(Q,): how many of each list (Q, k) are in that of the other, in whatever order."""
    found = np.empty(len(first), np.int64)
    for start in range(0, len(first), BLOCK):
        part = slice(start, start + BLOCK)
        found[part] = (first[part, :, None] == second[part, None, :]).any(axis=2).sum(axis=1)
    return found


def jaccard(shared: Counts | int, first: int, second: int) -> Shares:
    """What both lists hold, over what either holds; of two empty ones 1."""
    either = np.asarray(first + second - shared, np.float64)
    return np.where(either > 0, shared / np.maximum(either, 1), 1.0)


def expected_shared(first: int, second: int, both: int, of_first: int, of_second: int) -> float:
    """How many galaxies two lists share by chance, of lengths `first` and `second`, drawn from `of_first` and
    `of_second` candidates, of whom `both` are the same: the mean of a hypergeometric where all are."""
    if not of_first or not of_second:
        return 0.0
    return both * (first / of_first) * (second / of_second)


def rank_correlation(first: Vectors, second: Vectors) -> float | None:
    """Spearman's, of scores (n,); None where it is undefined."""
    if len(first) < FEWEST_RANKED or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    from scipy.stats import spearmanr  # half a second that a server without this page does not need

    return float(spearmanr(first, second).statistic)
