"""Claims decided over seeds, by figures worked out by hand."""

import pytest

from backend.stats.claims import decide_claims
from shared.contract.suites import Claim, RowResult


def row(name: str, *accuracies: float, seeds: list[int] | None = None) -> RowResult:
    return RowResult(
        name=name, report=None, evaluations=[], seeds=seeds or list(range(len(accuracies))),
        accuracies=list(accuracies), balanced_accuracies=list(accuracies), mean=None, std=None,
        first_ci95=None, n=100,
    )  # fmt: skip


def claim(better: str, worse: str, *, no_gain: bool = False) -> Claim:
    return Claim(sentence="it holds", better=better, worse=worse, no_gain=no_gain)


A, B, C = row("a", 0.60, 0.62, 0.61), row("b", 0.50, 0.53, 0.51), row("c", 0.61, 0.60, 0.62)


def test_a_difference_that_every_seed_has_is_shown() -> None:
    [found] = decide_claims([claim("a", "b")], [A, B])
    # Pairs differ by .10, .09, .10: mean .09667, s = .0057735, s/√3 = .0033333, t(2) = 4.3027: ± .014342.
    assert found.verdict == "shown, 3 seeds each"
    assert found.difference == pytest.approx(0.0966667, abs=1e-6)
    assert found.ci95 is not None
    assert (found.ci95.low, found.ci95.high) == pytest.approx((0.082325, 0.111009), abs=1e-5)
    assert found.p == found.p_holm


def test_the_other_way_round_the_contrary_is_shown() -> None:
    [found] = decide_claims([claim("b", "a")], [A, B])
    assert found.verdict == "the contrary is shown, 3 seeds each"


def test_what_the_seeds_do_not_tell_apart_is_not_shown_and_no_gain_is_said_as_such() -> None:
    found = decide_claims([claim("a", "c"), claim("a", "c", no_gain=True)], [A, C])
    assert [one.verdict for one in found] == ["not shown, 3 seeds each", "no gain shown, 3 seeds each"]


def test_p_is_corrected_over_the_claims_that_can_be_tested() -> None:
    few = row("few", 0.5, 0.6)
    found = decide_claims([claim("a", "b"), claim("few", "b"), claim("a", "c")], [A, B, C, few])
    assert found[1].verdict.startswith("not decided: 3 seeds")
    assert found[1].p is None
    assert found[0].p is not None and found[0].p_holm == pytest.approx(2 * found[0].p)
    assert found[2].p_holm == found[2].p  # the larger of two


def test_other_seeds_are_no_pairs() -> None:
    [found] = decide_claims([claim("a", "b")], [A, row("b", 0.50, 0.53, 0.51, seeds=[3, 4, 5])])
    assert found.verdict == "shown, 3 seeds each"
    assert found.ci95 is not None and found.ci95.high - found.ci95.low > 0.03  # Welch's, wider than by pairs


def test_seeds_that_all_agree_decide_nothing() -> None:
    [found] = decide_claims([claim("a", "a2")], [row("a", 0.6, 0.6, 0.6), row("a2", 0.5, 0.5, 0.5)])
    assert found.verdict == "not decided: the seeds do not differ"
