"""Whether a classifier is as sure as it is right: reliability, expected calibration error, one temperature.

Guo et al. 2017, arXiv:1706.04599. N galaxies, K classes; probabilities (N, K).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.contract.evaluations import Calibration

BINS = 10
FLOOR = 1e-6
"""Smallest probability that has a logarithm here: k-NN gives zeros."""
COLDEST, HOTTEST = 0.05, 20.0

Probabilities = NDArray[np.float64]
Labels = NDArray[np.int64]


def calibration(
    true: Labels, probabilities: Probabilities, val_true: Labels, val_probabilities: Probabilities
) -> Calibration:
    """Reliability on test rows as they are, and at the temperature of validation rows."""
    temperature = fit_temperature(val_true, val_probabilities)
    plain = reliability(true, probabilities)
    scaled = reliability(true, at_temperature(probabilities, temperature))
    return Calibration(
        temperature=temperature,
        counts=plain[0],
        confidences=plain[1],
        accuracies=plain[2],
        ece=plain[3],
        scaled_counts=scaled[0],
        scaled_confidences=scaled[1],
        scaled_accuracies=scaled[2],
        scaled_ece=scaled[3],
    )


def reliability(
    true: Labels, probabilities: Probabilities
) -> tuple[list[int], list[float | None], list[float | None], float]:
    """Counts, mean confidences and accuracies in BINS even bins of confidence, and the expected calibration
    error: the mean over galaxies of their bin's |accuracy − confidence|."""
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == true
    place = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    counts = np.bincount(place, minlength=BINS)
    sure = np.bincount(place, confidence, BINS)
    good = np.bincount(place, right.astype(np.float64), BINS)
    ece = float(np.abs(good - sure).sum() / len(true))
    return counts.tolist(), _means(sure, counts), _means(good, counts), ece


def at_temperature(probabilities: Probabilities, temperature: float) -> Probabilities:
    """softmax(log p / T): for a softmax of logits the same as dividing the logits."""
    logits = np.log(np.maximum(probabilities, FLOOR)) / temperature
    shares = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(shares / shares.sum(1, keepdims=True))


def fit_temperature(true: Labels, probabilities: Probabilities) -> float:
    """The T of least mean log loss, between COLDEST and HOTTEST: a golden search over log T, of which the
    log loss has one minimum (it is convex in 1/T)."""
    low, high = np.log(COLDEST), np.log(HOTTEST)
    golden = (np.sqrt(5) - 1) / 2

    def loss(log_temperature: float) -> float:
        scaled = at_temperature(probabilities, float(np.exp(log_temperature)))
        own = scaled[np.arange(len(true)), true]
        return float(-np.log(np.maximum(own, 1e-300)).mean())

    a, b = high - golden * (high - low), low + golden * (high - low)
    at_a, at_b = loss(a), loss(b)
    while high - low > 1e-5:
        if at_a < at_b:
            high, b, at_b = b, a, at_a
            a = high - golden * (high - low)
            at_a = loss(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + golden * (high - low)
            at_b = loss(b)
    return float(np.exp((low + high) / 2))


def _means(sums: NDArray[Any], counts: NDArray[Any]) -> list[float | None]:
    return [float(total / n) if n else None for total, n in zip(sums, counts, strict=True)]
