"""A part of the labelled rows with every class in it: how much a head learns from few labels."""

import math

import numpy as np
from numpy.typing import NDArray

from backend.data.layout import Rows


def smallest_fraction(counts: NDArray[np.int64]) -> float:
    """The least share of each class, of `counts` (K,) rows, that leaves one row of every class there is;
    rounded up to a hundredth."""
    rarest = int(counts[counts > 0].min())
    return math.ceil(50 / rarest) / 100


def label_subset(labels: Rows, fraction: float, seed: int) -> Rows:
    """Places (ascending) in `labels` (N,) of so large a share of each class, rounded half up; all for 1.

    For one seed, a smaller fraction's rows are among a larger one's.
    """
    if fraction >= 1:
        return np.arange(len(labels))
    order = np.random.default_rng(seed).permutation(len(labels))
    kept = []
    for label in np.unique(labels):
        own = order[labels[order] == label]
        kept.append(own[: math.floor(len(own) * fraction + 0.5)])
    return np.sort(np.concatenate(kept))
