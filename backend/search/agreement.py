"""How far two rankings of the same galaxies agree.

Shapes: N galaxies, D features, Q query galaxies, k neighbours of each.
"""

import numpy as np
from numpy.typing import NDArray

from backend.search.index import Examples, Rows, Vectors, rank

Counts = NDArray[np.int64]
Shares = NDArray[np.float64]
BLOCK = 256
MOST_COSINES = 2**24
"""Rows compared with all others at once: at most BLOCK, and no more than give so many cosines."""
FEWEST_RANKED = 3


def neighbour_lists(vectors: Vectors, rows: Rows, sources: Counts, k: int) -> Rows:
    """(Q, k): the nearest of each of `rows`, the best first, ties by row; none of its own source (N,). Every
    row must have k others."""
    nearest = np.empty((len(rows), k), np.int64)
    block = max(1, min(BLOCK, MOST_COSINES // len(vectors)))
    for start in range(0, len(rows), block):
        queries = rows[start : start + block]
        cosine = vectors[queries] @ vectors.T
        for place, row in enumerate(queries):
            examples = Examples(vectors[row : row + 1], vectors[:0], 0.0)
            others = sources != sources[row]
            nearest[start + place] = rank(vectors, examples, cosine[place], others, k, least=False).rows
    return nearest


def shared_counts(first: Rows, second: Rows) -> Counts:
    """(Q,): how many entries of each list (Q, k) are also in the other, in any order."""
    shared = np.empty(len(first), np.int64)
    for start in range(0, len(first), BLOCK):
        part = slice(start, start + BLOCK)
        shared[part] = (first[part, :, None] == second[part, None, :]).any(axis=2).sum(axis=1)
    return shared


def jaccard(shared: Counts | int, first: int, second: int) -> Shares:
    """Intersection over union of two lists; 1 if both are empty."""
    either = np.asarray(first + second - shared, np.float64)
    return np.where(either > 0, shared / np.maximum(either, 1), 1.0)


def expected_shared(first: int, second: int, both: int, of_first: int, of_second: int) -> float:
    """How many galaxies two lists of lengths `first` and `second` share by chance, drawn from `of_first` and
    `of_second` candidates of which `both` are common: a hypergeometric mean."""
    if not of_first or not of_second:
        return 0.0
    return both * (first / of_first) * (second / of_second)


def rank_correlation(first: Vectors, second: Vectors) -> float | None:
    """Spearman's, of scores (n,); None if undefined."""
    if len(first) < FEWEST_RANKED or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    from scipy.stats import spearmanr  # on first use

    return float(spearmanr(first, second).statistic)
