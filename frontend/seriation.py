"""An order of classes in which those that are confused are next to each other."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np


def similarity_order(confusion: Sequence[Sequence[int]]) -> list[int]:
    """Indices of the classes: a path along which confusion between neighbours is large.

    The confusion of two classes is the mean of the shares of each that was called the other. The leaves of
    two cluster trees are ordered optimally (Bar-Joseph et al. 2001); the best path is taken, the order given
    if equal."""
    k = len(confusion)
    given = list(range(k))
    if k < 3:
        return given
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering  # on first use
    from scipy.spatial.distance import squareform

    counts = np.array(confusion, np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    likeness = (shares + shares.T) / 2
    apart = squareform(1 - likeness, checks=False)
    trees = (linkage(apart, method) for method in ("single", "average"))
    paths = [given, *(leaves_list(optimal_leaf_ordering(tree, apart)).tolist() for tree in trees)]
    best: list[int] = max(paths, key=lambda path: sum(likeness[i, j] for i, j in pairwise(path)))
    return best if best[0] <= best[-1] else best[::-1]
