"""How unusual a galaxy is: by the distance to its neighbours, and by whether their labels match its own.

Shapes: N galaxies, k neighbours, K classes. Labels (N,) are class indices, −1 for none.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.search.index import Rows
from backend.search.neighbours import Nearest

Scores = NDArray[np.float64]
LEAST_WEIGHT = 1e-6
"""Of a neighbour whose cosine is not positive."""


@dataclass(frozen=True)
class NeighbourVotes:
    """The vote of the labelled neighbours of every galaxy, (N,) each: the class of greatest weight (−1: no
    neighbour has a label), its share of the weight and that of the galaxy's own class (NaN if it has none),
    how many neighbours carry either, and how many have a label."""

    label: Rows
    share: Scores
    own_share: Scores
    agree: Rows
    own: Rows
    of: Rows

    @property
    def mislabel(self) -> Scores:
        """1 − the share of its own label; NaN without a label, or without labelled neighbours."""
        return 1 - self.own_share


def isolation(found: Nearest) -> Scores:
    """Mean of 1 − cosine to the neighbours (N,), 0 to 2; NaN for a galaxy without any."""
    known = found.known
    far = np.where(known, 1 - found.cosines.astype(np.float64), 0)
    counts = known.sum(axis=1)
    return np.where(counts > 0, far.sum(axis=1) / np.maximum(counts, 1), np.nan)


def neighbour_vote(found: Nearest, labels: Rows, classes: int) -> NeighbourVotes:
    """The vote of each galaxy's labelled neighbours, weighted by cosine; the first of equal classes wins."""
    n = len(labels)
    rows, places = np.nonzero(found.known & (labels[found.rows] >= 0))
    votes = labels[found.rows[rows, places]]
    weight = np.maximum(found.cosines[rows, places].astype(np.float64), LEAST_WEIGHT)
    cells = rows * classes + votes
    weights = np.bincount(cells, weight, n * classes).reshape(n, classes)
    counts = np.bincount(cells, minlength=n * classes).reshape(n, classes)
    of, every = counts.sum(axis=1), np.arange(n)
    total = np.where(of > 0, weights.sum(axis=1), np.nan)
    top = weights.argmax(axis=1)
    labelled = labels >= 0
    return NeighbourVotes(
        label=np.where(of > 0, top, -1),
        share=weights[every, top] / total,
        own_share=np.where(labelled, weights[every, labels] / total, np.nan),
        agree=counts[every, top],
        own=np.where(labelled, counts[every, labels], 0),
        of=of,
    )


def ranked(scores: Scores, allowed: NDArray[np.bool_], tie: Scores | None = None) -> Rows:
    """Allowed rows with a score, the highest first; ties by higher `tie`, then by row."""
    rows = np.flatnonzero(allowed & np.isfinite(scores))
    keys = [rows, *([] if tie is None else [-tie[rows]]), -scores[rows]]
    return rows[np.lexsort(keys)].astype(np.int64)
