"""The verdict on a training, by series whose levels and thresholds are worked out by hand.

With n = 100 galaxies and an accuracy of ½, Wilson's half-width is 1.96·√(0.25/100 + 1.96²/40000)/1.038416 =
9.617 points, so that means of three evaluations differ beyond 4.81 points, of two beyond 5.89, single ones
beyond 8.33.
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from backend.stats.trend import TrainingHistory, judge_training, threshold
from shared.contract.runs import Trend

Points = list[tuple[int, float]]


def every(values: Sequence[float], step: int = 10) -> Points:
    """The values at steps 0, 10, 20, …"""
    return [(index * step, value) for index, value in enumerate(values)]


def course(values: Sequence[float], **changes: object) -> TrainingHistory:
    """A running one of 100 validation galaxies, judged by its linear probe."""
    plain = TrainingHistory(
        key="val/linear_accuracy",
        accuracy=every(values),
        rank=every([16.0] * len(values)),
        width=192,
        n=100,
        labelled=True,
        patience=0,
        total_steps=None,
        ended=False,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def said(values: Sequence[float], **changes: object) -> tuple[Trend, int, str]:
    found = judge_training(course(values, **changes))
    return found.state, found.evaluations, found.sentence


@pytest.mark.parametrize(("size", "expected"), [(3, 0.04808), (2, 0.05889), (1, 0.08328)])
def test_means_of_more_evaluations_tell_smaller_changes(size: int, expected: float) -> None:
    assert threshold(0.5, 100, size) == pytest.approx(expected, abs=1e-5)


def test_on_ten_thousand_galaxies_half_a_point_counts() -> None:
    # 1.96 · √(0.25/10000) = 0.98 points, half of it for means of three
    assert threshold(0.5, 10_000, 3) == pytest.approx(0.0049, abs=1e-5)


def test_a_climb_beyond_the_threshold_is_improvement() -> None:
    # levels of three: 0.40, 0.42, 0.44, 0.46, …, 0.50: + 10 points over five evaluations, the last 6 over the
    # best of the levels that share no evaluation with the last
    values = [0.3, 0.38, 0.40, 0.42, 0.44, 0.46, 0.48, 0.50, 0.52]
    assert said(values) == (Trend.IMPROVING, 5, "still improving: +10.0 points in the last 5 evaluations")
    assert said(values, ended=True)[2] == (
        "was still improving when it ended: +10.0 points in the last 5 evaluations"
    )


def test_the_same_climb_on_fewer_galaxies_may_be_chance() -> None:
    values = [0.3, 0.38, 0.40, 0.42, 0.44, 0.46, 0.48, 0.50, 0.52]
    state, evaluations, words = said(values, n=20)  # threshold 10.1 points
    assert (state, evaluations) == (Trend.FLAT, 8)
    assert words == "flat for 8 evaluations: no change beyond ±10.0 points, which may be chance"


def test_a_slow_climb_is_seen_over_ten_evaluations() -> None:
    # 0.6 points an evaluation: the last ten add 6.0, the last three 1.8, over a quarter of the threshold
    values = [0.4, *[0.44 + 0.006 * index for index in range(14)]]
    assert said(values) == (Trend.IMPROVING, 10, "still improving: +6.0 points in the last 10 evaluations")


def test_a_climb_that_has_ended_is_flat_since() -> None:
    # levels: 0.30, 0.3667, 0.4333, then six of 0.50, whose first lies 6.7 points over the one before
    values = [0.2, 0.3, 0.3, 0.3, *[0.5] * 8]
    state, evaluations, words = said(values)
    assert (state, evaluations) == (Trend.FLAT, 6)
    assert words == "flat for 6 evaluations: no change beyond ±4.8 points, which may be chance"


def test_noise_around_a_level_is_flat_from_the_first_evaluation_on() -> None:
    values = [0.5, 0.52, 0.49, 0.51, 0.48, 0.53, 0.50, 0.51, 0.49, 0.52]
    assert said(values)[:2] == (Trend.FLAT, 9)


def test_one_bad_evaluation_is_no_worsening() -> None:
    # levels 0.50 … 0.50, 0.46: 4 points are under the threshold
    assert said([0.4, *[0.5] * 8, 0.38])[0] is Trend.FLAT


def test_a_fall_under_the_best_level_is_worsening_and_says_since_when() -> None:
    # levels of three: 0.50 at step 30 and 40, then 0.4667, 0.4333, 0.40 at step 70
    state, evaluations, words = said([0.4, 0.5, 0.5, 0.5, 0.5, 0.4, 0.4, 0.4])
    assert (state, evaluations) == (Trend.WORSENING, 4)
    assert words == "worsening: 10.0 points under its level at step 30, 4 evaluations ago"


def test_a_training_that_only_lost_by_training_is_worsening() -> None:
    words = said([0.6, 0.5, 0.5, 0.5, 0.5])[2]
    assert words == "worsening: 10.0 points under its own random init, 4 evaluations ago"


def test_a_recovery_after_a_dip_is_improvement() -> None:
    assert said([0.6, 0.3, 0.3, 0.3, 0.4, 0.45, 0.5])[0] is Trend.IMPROVING


@pytest.mark.parametrize(
    ("values", "ended", "words"),
    [
        ([], False, "too early to tell: 0 evaluations after step 0, a trend takes 3"),
        ([0.5], False, "too early to tell: 0 evaluations after step 0, a trend takes 3"),
        ([0.5, 0.6], False, "too early to tell: 1 evaluation after step 0, a trend takes 3"),
        ([0.5, 0.6, 0.6], True, "too few evaluations for a trend: 2 after step 0, it takes 3; a smaller "
         "eval_every_epochs gives more"),
    ],
)  # fmt: skip
def test_three_evaluations_make_a_trend(values: list[float], ended: bool, words: str) -> None:
    assert said(values, ended=ended) == (Trend.TOO_EARLY, 0, words)


def test_without_labels_it_says_so_and_tells_the_rank() -> None:
    state, _, words = said([], rank=every([15.8, 21.6]), labelled=False)
    assert (state, words.endswith("effective rank 22 of 192")) == (Trend.UNLABELLED, True)


def test_before_the_first_evaluation_nothing_is_known_of_labels() -> None:
    assert said([], rank=[], labelled=False)[0] is Trend.TOO_EARLY


def test_a_rank_that_has_gone_is_a_collapse_whatever_the_accuracy() -> None:
    values = [0.3, 0.4, 0.45, 0.5, 0.55]
    # limits of 192: 4.8, and a third of 15.9: 5.3
    state, evaluations, words = said(values, rank=every([15.9, 9.0, 4.7, 4.5, 4.0]))
    assert (state, evaluations) == (Trend.COLLAPSING, 3)
    assert words == "collapsing: effective rank 4.0 of 192, from 16 at step 0"
    assert said([], rank=every([15.9, 4.0, 4.0]), labelled=False)[0] is Trend.COLLAPSING


@pytest.mark.parametrize(
    "rank",
    [
        [15.9, 9.0, 9.0, 4.9, 4.9],  # over 1/40 of 192
        [12.0, 4.5, 4.5, 4.5, 4.5],  # over a third of step 0
        [15.9, 9.0, 9.0, 9.0, 4.0],  # a single evaluation
        [15.9, 4.0, 4.0, 9.0, 12.0],  # it came back
    ],
)
def test_a_low_rank_alone_is_no_collapse(rank: list[float]) -> None:
    assert said([0.5] * 5, rank=every(rank))[0] is Trend.FLAT


def test_a_narrow_encoder_collapses_at_a_rank_of_two() -> None:
    assert said([0.5] * 4, width=32, rank=every([8.9, 3.0, 2.0, 1.9]))[0] is Trend.COLLAPSING
    assert said([0.5] * 4, width=32, rank=every([8.9, 3.0, 2.5, 2.1]))[0] is Trend.FLAT


HEALTHY = [
    # demo-60s on simulated galaxies, 201 validation rows
    (128, 201, [0.612, 0.756, 0.756, 0.836, 0.851], [13.9, 11.1, 20.7, 24.5, 24.6], Trend.IMPROVING),
    (128, 201, [0.612, 0.731, 0.771, 0.851, 0.866, 0.91, 0.9, 0.93, 0.93],
     [13.9, 11.0, 20.7, 23.7, 25.2, 23.0, 23.5, 24.3, 24.2], Trend.IMPROVING),
    # a short run at 32 px, whose rank dips deepest of those seen
    (128, 121, [0.562, 0.702, 0.744], [13.2, 8.9, 10.7], Trend.TOO_EARLY),
    # laptop-base on EFIGI
    (192, 446, [0.545, 0.635, 0.632], [15.8, 21.6, 23.3], Trend.TOO_EARLY),
]  # fmt: skip


@pytest.mark.parametrize(("width", "n", "accuracy", "rank", "expected"), HEALTHY)
def test_runs_that_went_well_are_never_called_collapsing(
    width: int, n: int, accuracy: list[float], rank: list[float], expected: Trend
) -> None:
    for seen in range(1, len(rank) + 1):
        state = said(accuracy[:seen], width=width, n=n, rank=every(rank[:seen]))[0]
        assert state in (Trend.IMPROVING, Trend.FLAT, Trend.TOO_EARLY)
    assert state is expected


def test_early_stopping_is_gone_through_with_a_usual_patience_where_it_is_off() -> None:
    # best 0.6 at step 20, equalled at 30; the fifth evaluation without a better one is at step 70
    found = judge_training(course([0.5, 0.55, 0.6, 0.6, 0.58, 0.59, 0.6, 0.6, 0.7]))
    assert (found.best_step, found.patience, found.would_stop_at_step) == (80, 5, 70)
    assert found.stopping == "early stopping with patience 5 would have ended it at step 70"


def test_early_stopping_of_the_run_itself_is_told_as_it_happened() -> None:
    found = judge_training(course([0.5, 0.6, 0.6, 0.6], patience=2, ended=True))
    assert (found.best_step, found.would_stop_at_step) == (30, 30)
    assert found.stopping == "early stopping with patience 2 ended it at step 30"
    going = judge_training(course([0.5, 0.6, 0.6], patience=2))
    assert going.stopping == "early stopping: 1 of 2 evaluations without a better one"


def test_at_the_last_step_there_is_nothing_to_stop() -> None:
    found = judge_training(course([0.5, 0.6, 0.6, 0.6], patience=2, total_steps=30))
    assert (found.would_stop_at_step, judge_training(course([0.5] * 3)).stopping) == (None, None)


def test_thousands_of_steps_are_grouped() -> None:
    found = judge_training(course([], accuracy=every([0.5] * 7, step=240)))
    assert found.stopping == "early stopping with patience 5 would have ended it at step 1,200"
