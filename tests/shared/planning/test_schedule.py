"""The learning rate, by hand."""

from math import cos, pi

import pytest

from shared.planning.schedule import learning_rate


@pytest.mark.parametrize(
    ("epoch", "expected"),
    [
        (0.0, 0.0),
        (1.25, 0.25),  # a quarter of the warm-up, in mid-epoch
        (5.0, 1.0),
        (5 + 95 / 3, 0.1 + 0.9 * 0.75),  # half of 1 + cos 60°
        (52.5, 0.55),
        (100.0, 0.1),
    ],
)
def test_it_warms_up_and_falls_by_half_a_cosine(epoch: float, expected: float) -> None:
    rate = learning_rate(epoch, peak=1.0, min_lr=0.1, warmup_epochs=5, epochs=100)
    assert rate == pytest.approx(expected)


def test_without_warm_up_it_starts_at_the_peak() -> None:
    assert learning_rate(0, peak=2.0, min_lr=0, warmup_epochs=0, epochs=8) == 2.0
    assert learning_rate(1, peak=2.0, min_lr=0, warmup_epochs=0, epochs=8) == pytest.approx(1 + cos(pi / 8))
