"""Exact search by cosine.

Shapes: N galaxies, D width, E examples. Vectors are float32 of length 1, so products are cosines. The score
of a galaxy x against positive examples p and negative ones n is

    score(x) = mean over p of cos(x, p) − weight · mean over n of cos(x, n)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]
BLOCK = 32_768
"""Rows multiplied at once; the products stay in cache."""
ROUNDING = 2e-5
"""An upper bound of the error of a float32 cosine of a few thousand terms."""


@dataclass(frozen=True)
class Examples:
    """Positive (P, D) and negative (M, D) examples, and how much a negative one weighs."""

    positives: Vectors
    negatives: Vectors
    weight: float


@dataclass(frozen=True)
class Ranking:
    """Rows (k,), the best first, ties by row; scores (k,)."""

    rows: Rows
    scores: NDArray[np.float64]


def cosines(vectors: Vectors, examples: Vectors) -> Vectors:
    """(N, E): of every vector with every example."""
    products = np.empty((len(vectors), len(examples)), np.float32)
    for start in range(0, len(vectors), BLOCK):
        np.matmul(vectors[start : start + BLOCK], examples.T, out=products[start : start + BLOCK])
    return products


def scored(positive: Vectors, negative: Vectors, weight: float) -> Vectors:
    """Scores (N,) of cosines with the positive (N, P) and negative (N, M) examples."""
    scores: Vectors = positive[:, 0] if positive.shape[1] == 1 else positive.mean(axis=1)
    return scores - np.float32(weight) * negative.mean(axis=1) if negative.shape[1] else scores


def rank(
    vectors: Vectors, examples: Examples, scores: Vectors, allowed: NDArray[np.bool_], k: int, *, least: bool
) -> Ranking:
    """The `k` allowed rows of highest score, or lowest with `least`; all if there are fewer.

    `scores` (N,) select the candidates, which are scored again in float64: the order is that of exact
    arithmetic, and equal galaxies are in the order of their rows.
    """
    rows = np.flatnonzero(allowed)
    falling = scores[rows] if not least else -scores[rows]
    if k < len(rows):
        last = np.partition(falling, len(rows) - k)[len(rows) - k]
        rows = rows[falling >= last - ROUNDING * (1 + examples.weight)]
    exact = _exact(vectors[rows], examples)
    order = np.lexsort((rows, exact if least else -exact))[:k]
    return Ranking(rows[order].astype(np.int64), exact[order])


def _exact(vectors: Vectors, examples: Examples) -> NDArray[np.float64]:
    scores: NDArray[np.float64] = _mean_cosine(vectors, examples.positives)
    if len(examples.negatives):
        scores = scores - examples.weight * _mean_cosine(vectors, examples.negatives)
    return scores


def _mean_cosine(vectors: Vectors, examples: Vectors) -> NDArray[np.float64]:
    """(n,) in float64; einsum sums every row in the same order, so equal rows have equal scores."""
    mean = examples.astype(np.float64).mean(axis=0)
    return np.asarray(np.einsum("nd,d->n", vectors.astype(np.float64), mean))
