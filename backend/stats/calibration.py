"""Calibration of a classifier: reliability, expected calibration error, one temperature.

Guo et al. 2017, arXiv:1706.04599. N galaxies, K classes; probabilities (N, K).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.contract.evaluations import Calibration

BINS = 10
FLOOR = 1e-6
"""Probabilities are clipped to this before the logarithm: k-NN gives zeros."""
COLDEST, HOTTEST = 0.05, 20.0

Probabilities = NDArray[np.float64]
Labels = NDArray[np.int64]


def calibration(
    true: Labels, probabilities: Probabilities, val_true: Labels, val_probabilities: Probabilities
) -> Calibration:
    """Reliability on test rows as they are, and at the temperature fitted to validation rows."""
    temperature = fit_temperature(val_true, val_probabilities)
    names = "counts", "confidences", "accuracies", "ece"
    plain = dict(zip(names, reliability(true, probabilities), strict=True))
    scaled = zip(names, reliability(true, at_temperature(probabilities, temperature)), strict=True)
    return Calibration.model_validate(
        {"temperature": temperature, **plain, **{f"scaled_{name}": value for name, value in scaled}}
    )


def reliability(
    true: Labels, probabilities: Probabilities
) -> tuple[list[int], list[float | None], list[float | None], float]:
    """Counts, mean confidences and accuracies in BINS equal bins of confidence, and the expected calibration
    error: the mean over galaxies of |accuracy − confidence| of their bin."""
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == true
    place = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    counts = np.bincount(place, minlength=BINS)
    sure = np.bincount(place, confidence, BINS)
    good = np.bincount(place, right.astype(np.float64), BINS)
    ece = float(np.abs(good - sure).sum() / len(true))
    return counts.tolist(), _means(sure, counts), _means(good, counts), ece


def at_temperature(probabilities: Probabilities, temperature: float) -> Probabilities:
    """softmax(log p / T), which divides the logits by T."""
    logits = np.log(np.maximum(probabilities, FLOOR)) / temperature
    shares = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(shares / shares.sum(1, keepdims=True))


def fit_temperature(true: Labels, probabilities: Probabilities) -> float:
    """The T of least mean log loss, between COLDEST and HOTTEST. The loss is convex in 1/T: over log T it has
    one minimum."""
    from scipy.optimize import minimize_scalar  # on first use

    def loss(log_temperature: float) -> float:
        scaled = at_temperature(probabilities, float(np.exp(log_temperature)))
        own = scaled[np.arange(len(true)), true]
        return float(-np.log(np.maximum(own, 1e-300)).mean())

    bounds = np.log(COLDEST), np.log(HOTTEST)
    best = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(best.x))


def _means(sums: NDArray[Any], counts: NDArray[Any]) -> list[float | None]:
    return [float(total / n) if n else None for total, n in zip(sums, counts, strict=True)]
