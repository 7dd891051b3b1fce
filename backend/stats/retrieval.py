"""How well a search finds galaxies of the query's class.

Q queries, N gallery galaxies, K classes. Precision at k is the share of the k nearest in the query's class;
average precision is the mean, over all of that class in the gallery, of the precision at their ranks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.stats.scores import DRAWS, interval
from shared.contract.evaluations import FEW_ROWS, Interval
from shared.contract.search import ClassRetrieval

Vectors = NDArray[np.float32]
Labels = NDArray[np.int64]
Floats = NDArray[np.float64]
BLOCK = 256
"""Queries ranked at once."""


@dataclass(frozen=True)
class Ranking:
    """The class, precision at k and average precision of each query (Q,)."""

    labels: Labels
    precision: Floats
    average_precision: Floats


def rank_by_class(
    gallery: Vectors, of_gallery: Labels, queries: Vectors, of_queries: Labels, k: int
) -> Ranking:
    """By cosine of vectors (N, D) and (Q, D) of length 1, ties in the order of the gallery. Queries of a
    class missing in the gallery are left out."""
    usable = np.isin(of_queries, of_gallery)
    queries, labels = queries[usable], of_queries[usable]
    precision, average = np.empty(len(labels)), np.empty(len(labels))
    for start in range(0, len(labels), BLOCK):
        part = slice(start, start + BLOCK)
        order = np.argsort(-(queries[part] @ gallery.T), axis=1, kind="stable")
        hits = of_gallery[order] == labels[part, None]
        precision[part] = hits[:, :k].mean(axis=1)
        so_far = np.cumsum(hits, axis=1) / np.arange(1, len(gallery) + 1)
        average[part] = (so_far * hits).sum(axis=1) / hits.sum(axis=1)
    return Ranking(labels, precision, average)


def mean_interval(values: Floats, labels: Labels, seed: int = 0) -> Interval:
    """95 % interval of a mean over DRAWS bootstraps of the queries within each class."""
    rng, total = np.random.default_rng(seed), np.zeros(DRAWS)
    for label in np.unique(labels):
        own = values[labels == label]
        total += own[rng.integers(len(own), size=(DRAWS, len(own)))].sum(axis=1)
    return interval(total / len(values))


def by_class(ranking: Ranking, names: list[str]) -> list[ClassRetrieval]:
    """Means of each class with queries."""
    own = {name: ranking.labels == label for label, name in enumerate(names)}
    return [
        ClassRetrieval(
            name=name,
            n=int(rows.sum()),
            precision=float(ranking.precision[rows].mean()),
            average_precision=float(ranking.average_precision[rows].mean()),
            few=bool(rows.sum() < FEW_ROWS),
        )
        for name, rows in own.items()
        if rows.any()
    ]


def chance(of_gallery: Labels, of_queries: Labels) -> float:
    """Precision of a random search: the mean share of the queries' classes in the gallery."""
    shares = np.bincount(of_gallery, minlength=int(of_queries.max()) + 1) / len(of_gallery)
    return float(shares[of_queries].mean())
