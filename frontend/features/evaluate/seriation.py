"""Class order that places confused classes next to each other."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np


def similarity_order(confusion: Sequence[Sequence[int]]) -> list[int]:
    """Class indices along a path with large confusion between neighbours.

    The confusion of two classes is the mean share of each classified as the other. The leaves of two cluster
    trees are ordered optimally (Bar-Joseph et al. 2001). Of these and the given order the best path is taken.
    """
    k = len(confusion)
    given = list(range(k))
    if k < 3:
        return given
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering  # on first use
    from scipy.spatial.distance import squareform

    counts = np.array(confusion, np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    confused = (shares + shares.T) / 2
    distances = squareform(1 - confused, checks=False)
    trees = (linkage(distances, method) for method in ("single", "average"))
    paths = [given, *(leaves_list(optimal_leaf_ordering(tree, distances)).tolist() for tree in trees)]
    best: list[int] = max(paths, key=lambda path: sum(confused[i, j] for i, j in pairwise(path)))
    return best if best[0] <= best[-1] else best[::-1]
