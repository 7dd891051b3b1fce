"""The median stopping rule on courses that are worked out by hand."""

from typing import Any

from backend.stats.median_rule import BelowMedian, MemberHistory, Points, judge_member

RISING: list[Points] = [
    [(0.25, 0.40), (0.5, 0.50), (0.75, 0.60), (1.0, 0.70)],  # mean at 0.5: 0.45
    [(0.25, 0.42), (0.5, 0.54), (0.75, 0.60), (1.0, 0.70)],  # 0.48
    [(0.25, 0.30), (0.5, 0.32), (0.75, 0.40), (1.0, 0.50)],  # 0.31
]
DONE = [MemberHistory(points, settled=True) for points in RISING]


def judge(own: Points, others: list[MemberHistory] = DONE, **more: Any) -> BelowMedian | None:
    asked = {"higher_is_better": True, "warm_up": 0.25, "fewest_others": 3} | more
    return judge_member(own, others, **asked)


def test_a_best_below_the_median_of_the_running_means_is_stopped() -> None:
    assert judge([(0.25, 0.44), (0.5, 0.43)]) == BelowMedian(best=0.44, median=0.45, others=3)


def test_an_equal_one_goes_on_and_so_does_one_that_was_better_before() -> None:
    assert judge([(0.25, 0.10), (0.5, 0.45)]) is None
    assert judge([(0.25, 0.46), (0.5, 0.10)]) is None


def test_of_an_even_number_the_median_lies_between_the_middle_two() -> None:
    fourth = MemberHistory([(0.25, 0.60), (0.5, 0.62)], settled=True)  # means 0.31, 0.45, 0.48, 0.61
    found = judge([(0.5, 0.46)], [*DONE, fourth])
    assert found is not None and abs(found.median - 0.465) < 1e-12 and found.others == 4


def test_where_lower_is_better_the_rule_is_turned_round() -> None:
    losses = [
        MemberHistory([(0.25, 1.0), (0.5, value)], settled=True) for value in (0.4, 0.6, 0.8)
    ]  # 0.7 0.8 0.9
    assert judge([(0.5, 0.85)], losses, higher_is_better=False) == BelowMedian(0.85, 0.8, 3)
    assert judge([(0.25, 0.8), (0.5, 0.9)], losses, higher_is_better=False) is None


def test_nothing_is_stopped_before_the_warm_up_is_past_or_at_the_very_end() -> None:
    assert judge([(0.25, 0.0)], warm_up=0.5) is None
    assert judge([(0.5, 0.0)], warm_up=0.5) is not None
    assert judge([(0.5, 0.0), (1.0, 0.0)]) is None


def test_two_others_are_too_few_and_those_not_so_far_do_not_count() -> None:
    behind = MemberHistory([(0.25, 0.9)], settled=False)
    assert judge([(0.5, 0.0)], DONE[:2]) is None
    assert judge([(0.5, 0.0)], [*DONE[:2], behind]) is None
    there = MemberHistory([(0.25, 0.9), (0.5, 0.9)], settled=False)
    assert judge([(0.5, 0.0)], [*DONE[:2], there]) is not None


def test_one_that_was_stopped_stands_for_later_points_with_what_it_had() -> None:
    stopped = MemberHistory([(0.25, 0.2)], settled=True)
    assert judge([(0.75, 0.1)], [*DONE[:2], stopped]) == BelowMedian(0.1, 0.5, 3)  # means 0.5, 0.52, 0.2


def test_the_evaluation_before_the_first_step_is_nobodys_doing() -> None:
    assert judge([(0.0, 0.9), (0.5, 0.2)]) == BelowMedian(0.2, 0.45, 3)
    assert judge([(0.0, 0.9)]) is None
    born_good = [MemberHistory([(0.0, 0.9), *points], settled=True) for points in RISING]
    assert judge([(0.5, 0.44)], born_good) == BelowMedian(0.44, 0.45, 3)
