"""Who leads and from when, with curves worked out by hand."""

import pytest

from backend.stats.leads import lead_verdict, leads, reached, smoothed

EPOCHS = [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_mean_is_of_the_last_three() -> None:
    assert smoothed([0.3, 0.6, 0.9, 0.0]) == pytest.approx([0.3, 0.45, 0.6, 0.5])


def test_it_has_come_up_when_its_mean_of_three_has() -> None:
    twin = [0.1, 0.3, 0.5, 0.6, 0.7]  # ends at (0.5 + 0.6 + 0.7) / 3 = 0.6
    one = reached(4, EPOCHS, [0.9, 0.1, 0.5, 0.9, 0.9], twin)  # means .9, .5, .5, .5, .767
    assert (one.seed, one.epoch, one.twin_accuracy) == (4, 4.0, pytest.approx(0.6))
    assert reached(4, EPOCHS, [0.1, 0.2, 0.5, 0.55, 0.59], twin).epoch is None


def test_one_high_value_at_the_start_is_not_an_arrival() -> None:
    assert reached(0, EPOCHS, [0.9, 0.9, 0.9, 0.2, 0.2], [0.0, 0.0, 0.6, 0.6, 0.6]).epoch == 2.0


def test_a_lead_is_shown_where_its_interval_leaves_out_0() -> None:
    tuned = [[0.2, 0.61], [0.2, 0.62], [0.2, 0.63]]
    scratch = [[0.2, 0.51], [0.1, 0.53], [0.3, 0.52]]
    first, last = leads([0.0, 1.0], tuned, scratch)
    assert first.difference == pytest.approx(0.0) and not first.shown
    # Means of two: differences (0.2 + 0.61 − 0.2 − 0.51)/2 = .05, (.2 + .62 − .1 − .53)/2 = .095,
    # (.2 + .63 − .3 − .52)/2 = .005; mean .05, s = .045, t(2) = 4.303: ± 4.303 · .045/√3 = ± .1118.
    assert last.difference == pytest.approx(0.05)
    assert (last.ci95.low, last.ci95.high) == pytest.approx((0.05 - 0.1118, 0.05 + 0.1118), abs=1e-4)
    assert not last.shown


def test_two_seeds_say_nothing_of_a_method() -> None:
    assert leads([0.0], [[0.5], [0.6]], [[0.1], [0.2]]) == []
    one = reached(0, EPOCHS, [0.9] * 5, [0.1] * 5)
    words = lead_verdict([], [one], 4)
    assert "3 seeds" in words
    assert words.endswith("at epoch 2 of 4.")


def test_the_words_name_gap_interval_and_whether_it_is_shown() -> None:
    tuned, scratch = [[0.3, 0.60], [0.4, 0.61], [0.5, 0.62]], [[0.2, 0.59], [0.29, 0.62], [0.41, 0.60]]
    found = leads([1.0, 4.0], tuned, scratch)
    never = [reached(seed, EPOCHS, [0.1] * 5, [0.5] * 5) for seed in range(3)]
    early, end, rest = lead_verdict(found, never, 4).split(". ")
    assert all(
        word in early for word in ("1 of 4 epochs", "leads by 10.0 points", "+7.5 to +12.5", "): shown")
    )
    assert "5.3 points" in end
    assert "never" in rest
    assert "twin" in lead_verdict([], [], 4)
