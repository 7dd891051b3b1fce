"""Two methods, each over several seeds: the interval of their mean difference, and Holm's correction.

A method has one figure per seed (n,), shares of 1; differences are A − B.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shared.contract.evaluations import Interval

LEAST_SPREAD = 1e-9
"""Smaller deviations are rounding errors of equal seeds."""


@dataclass(frozen=True)
class MeanDifference:
    """Mean of A − mean of B, its 95 % interval, and the two-sided p."""

    difference: float
    ci95: Interval
    p: float

    @property
    def shown(self) -> bool:
        """Whether the interval excludes 0."""
        return self.ci95.low > 0 or self.ci95.high < 0


def welch(a: Sequence[float], b: Sequence[float]) -> MeanDifference:
    """For independent seeds (Welch 1947). Raises ValueError if no seed differs from another of its side."""
    from scipy import stats  # on first use

    _require_spread([*(np.array(a) - np.mean(a)), *(np.array(b) - np.mean(b))])
    return _mean_difference(np.mean(a) - np.mean(b), stats.ttest_ind(a, b, equal_var=False))


def paired(a: Sequence[float], b: Sequence[float]) -> MeanDifference:
    """For paired seeds, in the same order. Raises ValueError if all their differences are equal."""
    from scipy import stats

    differences = np.array(a) - np.array(b)
    _require_spread(differences - differences.mean())
    return _mean_difference(differences.mean(), stats.ttest_rel(a, b))


def holm(p: Sequence[float]) -> list[float]:
    """The p values of a family of tests, corrected (Holm 1979): the chance of any false claim among them
    stays below the threshold for a corrected p."""
    values = np.array(p)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in corrected]


def method_verdict(found: MeanDifference, seeds_a: int, seeds_b: int) -> str:
    """The conclusion about two methods, with the number of seeds."""
    seeds = seeds_words(seeds_a, seeds_b)
    if not found.shown:
        return f"not shown that either is better, {seeds}"
    return f"{'A' if found.difference > 0 else 'B'} is better: shown, {seeds}"


def seeds_words(seeds_a: int, seeds_b: int) -> str:
    """3 seeds each, 3 seeds against 5."""
    return f"{seeds_a} seeds each" if seeds_a == seeds_b else f"{seeds_a} seeds against {seeds_b}"


def _mean_difference(difference: np.floating, test: Any) -> MeanDifference:
    low, high = test.confidence_interval(0.95)
    return MeanDifference(float(difference), Interval(low=float(low), high=float(high)), float(test.pvalue))


def _require_spread(deviations: Any) -> None:
    if np.abs(deviations).max() < LEAST_SPREAD:
        raise ValueError("cannot compute an interval: the seeds do not differ")
