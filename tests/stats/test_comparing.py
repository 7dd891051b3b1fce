"""McNemar's test against worked examples and scipy; the interval of a difference."""

import numpy as np
import pytest
from scipy import stats

from backend.stats.comparing import DIFFER, NOT_SHOWN, difference_interval, mcnemar, verdict


@pytest.mark.parametrize(
    ("only_a", "only_b", "p"),
    [
        (0, 0, 1.0),
        (1, 1, 1.0),
        (5, 5, 1.0),
        (0, 6, 2 / 64),  # exact: 2 · (1/2)⁶
        (2, 8, 2 * (1 + 10 + 45) / 1024),
        (59, 6, 1.11759e-10),  # χ² = 52²/65 = 41.6
        (121, 59, 5.45e-6),  # Cardillo's example of a drug (2007): χ² = 61²/180 = 20.6722
        (25, 15, 0.1547),  # Raschka's example of two classifiers (2018, arXiv:1811.12808): χ² = 9²/40 = 2.025
        (11, 1, 26 / 4096),  # his exact one: 2 · (1 + 12) / 2¹²
    ],
)
def test_mcnemar_by_hand(only_a: int, only_b: int, p: float) -> None:
    assert mcnemar(only_a, only_b) == pytest.approx(p, rel=2e-3)
    assert mcnemar(only_b, only_a) == mcnemar(only_a, only_b)


@pytest.mark.parametrize(("only_a", "only_b"), [(3, 11), (12, 12), (10, 15), (40, 22)])
def test_mcnemar_equals_the_tests_of_scipy(only_a: int, only_b: int) -> None:
    n = only_a + only_b
    if n < 25:
        expected = stats.binomtest(only_a, n).pvalue
    else:
        expected = stats.chi2.sf((abs(only_a - only_b) - 1) ** 2 / n, 1)
    assert mcnemar(only_a, only_b) == pytest.approx(expected, abs=1e-12)


def test_words_follow_the_evidence() -> None:
    assert verdict(0.049) == DIFFER == "these two models differ on this test set"
    assert verdict(0.05) == NOT_SHOWN == "no difference shown"


def test_the_interval_of_a_difference_is_that_of_paired_galaxies() -> None:
    true = np.repeat([0, 1], 100)
    a, b = np.ones(200, bool), np.ones(200, bool)
    b[:30] = False  # A alone is right on 30 of the 100 of class 0
    found = difference_interval(true, a, b)
    assert found.low < 0.15 < found.high
    # 30 of 100 binomially, over 200 galaxies: ± 1.96 · √(100 · 0.3 · 0.7) / 200
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.sqrt(21) / 200, rel=0.1)
    same = difference_interval(true, a, a)
    assert (same.low, same.high) == (0.0, 0.0)
