"""Class order that places confused classes next to each other."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np


def similarity_order(confusion: Sequence[Sequence[int]]) -> list[int]:
    """Class indices along a path with large confusion between neighbours.

    The confusion of two classes is the mean share of each classified as the other. Pairs are joined from the
    most confused on, then segments are reversed while that improves the path. Classes never confused keep
    their order.
    """
    likeness = _likeness(confusion)
    starts = (_joined(likeness), list(range(len(likeness))))
    path = max((_turned(start, likeness) for start in starts), key=lambda path: _length(path, likeness))
    return path if path[:1] <= path[-1:] else path[::-1]


def _likeness(confusion: Sequence[Sequence[int]]) -> list[list[float]]:
    shares = [[n / max(sum(row), 1) for n in row] for row in confusion]
    k = len(shares)
    return [[(shares[i][j] + shares[j][i]) / 2 if i != j else 0.0 for j in range(k)] for i in range(k)]


def _joined(likeness: Matrix) -> list[int]:
    """Join single classes into paths at their ends, most similar first."""
    k = len(likeness)
    paths = {i: [i] for i in range(k)}
    pairs = sorted((-likeness[i][j], i, j) for i in range(k) for j in range(i + 1, k))
    for minus, i, j in pairs:
        left, right = paths[i], paths[j]
        if minus == 0 or left is right or i not in (left[0], left[-1]) or j not in (right[0], right[-1]):
            continue
        joined = (left if left[-1] == i else left[::-1]) + (right if right[0] == j else right[::-1])
        paths.update(dict.fromkeys(joined, joined))
    rest = {min(path): path if path[0] <= path[-1] else path[::-1] for path in paths.values()}
    return [i for first in sorted(rest) for i in rest[first]]


def _length(path: list[int], likeness: Matrix) -> float:
    return sum(likeness[i][j] for i, j in pairwise(path))


def _turned(path: list[int], likeness: Matrix) -> list[int]:
    """Reverse segments until none improves the path (2-opt)."""
    while True:
        gains = [
            (_gain(path, likeness, start, end), -start, -end)
            for start in range(len(path))
            for end in range(start + 1, len(path))
        ]
        gain, start, end = max(gains, default=(0.0, 0, 0))
        if gain <= 1e-12:
            return path
        path = path[:-start] + path[-start : -end + 1][::-1] + path[-end + 1 :]


def _gain(path: list[int], likeness: Matrix, start: int, end: int) -> float:
    """The gain in neighbour similarity from reversing path[start..end]."""
    gain = 0.0
    if start:
        gain += likeness[path[start - 1]][path[end]] - likeness[path[start - 1]][path[start]]
    if end < len(path) - 1:
        gain += likeness[path[start]][path[end + 1]] - likeness[path[end]][path[end + 1]]
    return gain
