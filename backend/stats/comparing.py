"""Two classifiers on the same test galaxies: McNemar's test and the interval of their difference."""

import math

import numpy as np
from numpy.typing import NDArray

from backend.stats.scores import DRAWS, interval
from shared.contract.evaluations import Interval

EXACT_BELOW = 25
"""Discordant galaxies below which McNemar's test is the exact binomial one."""
SIGNIFICANT = 0.05
DIFFER = "these two models differ on this test set"
NOT_SHOWN = "no difference shown"

Right = NDArray[np.bool_]


def mcnemar(only_a: int, only_b: int) -> float:
    """Two-sided p for the galaxies that only A or only B got right: exact below EXACT_BELOW, else χ² with
    continuity correction (Edwards 1948)."""
    n = only_a + only_b
    if n < EXACT_BELOW:
        tail = sum(math.comb(n, k) for k in range(min(only_a, only_b) + 1))
        return min(1.0, 2.0 * tail / float(2**n))
    statistic = max(abs(only_a - only_b) - 1, 0) ** 2 / n
    return math.erfc(math.sqrt(statistic / 2))


def difference_interval(true: NDArray[np.int64], a: Right, b: Right, seed: int = 0) -> Interval:
    """95 % interval of accuracy A − B over DRAWS bootstraps of the galaxies within each true class, both on
    the same draw."""
    rng, total = np.random.default_rng(seed), np.zeros(DRAWS)
    for label in np.unique(true):
        own = true == label
        gains = (a[own] & ~b[own]).sum(), (b[own] & ~a[own]).sum()
        n = int(own.sum())
        drawn = rng.multinomial(n, [gains[0] / n, gains[1] / n, (n - sum(gains)) / n], size=DRAWS)
        total += drawn[:, 0] - drawn[:, 1]
    return interval(total / len(true))


def verdict(p: float) -> str:
    """The conclusion about two single results."""
    return DIFFER if p < SIGNIFICANT else NOT_SHOWN
