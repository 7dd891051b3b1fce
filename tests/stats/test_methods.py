"""Methods over seeds against worked examples: Student's sleep data, intervals by hand, Holm's steps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.stats.methods import holm, method_verdict, paired, welch

# Hours of sleep gained by ten patients under two drugs (Student 1908), as in R's help on `sleep`.
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_students_sleep_data_by_welch() -> None:
    found = welch(FIRST, SECOND)
    assert found.difference == pytest.approx(-1.58)
    assert found.p == pytest.approx(0.07939, abs=1e-5)
    assert (found.ci95.low, found.ci95.high) == pytest.approx((-3.3654832, 0.2054832), abs=1e-6)
    assert not found.shown


def test_students_sleep_data_in_pairs() -> None:
    found = paired(FIRST, SECOND)
    assert found.difference == pytest.approx(-1.58)
    assert found.p == pytest.approx(0.002833, abs=1e-6)
    assert (found.ci95.low, found.ci95.high) == pytest.approx((-2.4598858, -0.7001142), abs=1e-6)
    assert found.shown


def test_welch_of_three_seeds_by_hand() -> None:
    # Means 0.62 and 0.59, variances 0.0004 and 0.0001: s² = 0.0005 / 3;
    # df = 0.0005² / ((0.0004² + 0.0001²) / 2) = 2.9412, whose t at 97.5 % is 3.21876.
    found = welch([0.60, 0.62, 0.64], [0.58, 0.59, 0.60])
    half = 3.21876 * np.sqrt(0.0005 / 3)
    assert (found.ci95.low, found.ci95.high) == pytest.approx((0.03 - half, 0.03 + half), abs=2e-5)


def test_pairs_of_three_seeds_by_hand() -> None:
    # Differences 0.02, 0.03, 0.04: standard deviation 0.01, and t(2) at 97.5 % is 4.302653.
    found = paired([0.60, 0.62, 0.64], [0.58, 0.59, 0.60])
    half = 4.302653 * 0.01 / np.sqrt(3)
    assert (found.ci95.low, found.ci95.high) == pytest.approx((0.03 - half, 0.03 + half), abs=1e-8)


def test_seeds_that_all_agree_have_no_interval() -> None:
    for test, a, b in (
        (welch, [0.5, 0.5, 0.5], [0.6, 0.6, 0.6, 0.6]),
        (paired, [0.3, 0.5, 0.7], [0.4, 0.6, 0.8]),
    ):
        with pytest.raises(ValueError, match="do not differ"):
            test(a, b)


@pytest.mark.filterwarnings("ignore:Precision loss")
def test_a_side_without_spread_stands_against_one_with_it() -> None:
    # All of the spread is B's: two degrees of freedom.
    found = welch([0.7, 0.7, 0.7], [0.58, 0.59, 0.60])
    half = 4.302653 * 0.01 / np.sqrt(3)
    assert (found.ci95.low, found.ci95.high) == pytest.approx((0.11 - half, 0.11 + half), abs=1e-8)


def test_words_name_the_better_one_only_where_the_interval_leaves_0_out() -> None:
    better, worse = [0.70, 0.71, 0.72], [0.60, 0.61, 0.63]
    assert method_verdict(welch(better, worse), 3, 3) == "A is better: shown, 3 seeds each"
    assert method_verdict(welch(worse, better), 3, 3) == "B is better: shown, 3 seeds each"
    wide = welch([0.60, 0.70, 0.80, 0.64], worse)
    assert method_verdict(wide, 4, 3) == "not shown that either is better, 4 seeds against 3"


def test_holm_by_hand() -> None:
    # Ascending .005 × 4, .01 × 3, .03 × 2, .04 × 1 = .02, .03, .06, .04; none below the one before it.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_keeps_the_order_and_lies_between_p_and_bonferroni(p: list[float]) -> None:
    corrected = holm(p)
    for own, found in zip(p, corrected, strict=True):
        assert own <= found <= min(1.0, own * len(p)) or found == pytest.approx(own)
        assert all(found <= other for more, other in zip(p, corrected, strict=True) if own < more)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Three seeds against five of another spread, 0.02 apart: inside about 95 % of the time."""
    rng, inside = np.random.default_rng(0), 0
    for _ in range(400):
        found = welch(list(rng.normal(0.62, 0.01, 3)), list(rng.normal(0.60, 0.005, 5)))
        inside += found.ci95.low <= 0.02 <= found.ci95.high
    assert 0.92 <= inside / 400 <= 0.98
