"""Reliability and temperature on cases whose answer is known."""

import numpy as np
import pytest

from backend.stats.calibration import at_temperature, calibration, fit_temperature, reliability


def test_bins_by_hand() -> None:
    # Confidences 0.95 (right), 0.92 (wrong), 0.65 (right), 1.0 (right).
    probabilities = np.array([[0.95, 0.05], [0.92, 0.08], [0.35, 0.65], [1.0, 0.0]])
    counts, confidences, accuracies, ece = reliability(np.array([0, 1, 1, 0]), probabilities)
    assert counts == [0, 0, 0, 0, 0, 0, 1, 0, 0, 3]
    assert confidences[6] == pytest.approx(0.65)
    assert (accuracies[6], accuracies[0]) == (1.0, None)
    assert accuracies[9] == pytest.approx(2 / 3)
    assert ece == pytest.approx(1 / 4 * 0.35 + 3 / 4 * abs(2 / 3 - 2.87 / 3))


def overconfident(n: int, factor: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Classes drawn from true probabilities, and these with their logits times `factor`."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (n, 3))
    honest = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    true = (rng.random(n)[:, None] > honest.cumsum(1)).sum(1)
    sharp = np.exp(factor * logits)
    return true, sharp / sharp.sum(1, keepdims=True)


def test_the_temperature_undoes_what_made_a_classifier_too_sure() -> None:
    val_true, val_p = overconfident(4000, 3.0, seed=0)
    true, p = overconfident(4000, 3.0, seed=1)
    assert fit_temperature(val_true, val_p) == pytest.approx(3.0, rel=0.1)
    found = calibration(true, p, val_true, val_p)
    assert found.ece > 0.1
    assert found.scaled_ece < 0.03
    assert sum(found.counts) == sum(found.scaled_counts) == 4000


def test_a_calibrated_classifier_is_left_as_it_is() -> None:
    true, p = overconfident(6000, 1.0, seed=2)
    assert fit_temperature(true, p) == pytest.approx(1.0, rel=0.08)


def test_a_temperature_divides_logits_and_moves_no_prediction() -> None:
    _, p = overconfident(50, 1.0, seed=3)
    by_hand = np.log(p) / 2
    assert at_temperature(p, 2.0) == pytest.approx(np.exp(by_hand) / np.exp(by_hand).sum(1, keepdims=True))
    assert at_temperature(p, 1.0) == pytest.approx(p)
    assert (at_temperature(p, 7.0).argmax(1) == p.argmax(1)).all()


def test_a_probability_of_zero_has_a_finite_logarithm() -> None:
    p = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    temperature = fit_temperature(np.array([0, 1, 1]), p)
    assert np.isfinite(temperature)
    assert np.isfinite(at_temperature(p, temperature)).all()
