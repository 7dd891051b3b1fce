"""Scores of a classifier from its confusion matrix.

K classes; a confusion matrix (K, K) holds counts, rows true, columns predicted; (…, K, K) is a batch.
Definitions are those of scikit-learn: balanced accuracy ignores classes without rows, and macro-F1 is over
the classes that are true or predicted of any row."""

import math

import numpy as np
from numpy.typing import NDArray

from shared.contract.evaluations import FEW_ROWS, ClassScore, Interval

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Z95 = 1.959963984540054
DRAWS = 2000


def confusion_matrix(true: Counts, predicted: Counts, n_classes: int) -> Counts:
    """(K, K) counts of pairs of true and predicted (N,)."""
    pairs = np.bincount(true * n_classes + predicted, minlength=n_classes * n_classes)
    return pairs.reshape(n_classes, n_classes).astype(np.int64)


def accuracy(matrix: Counts) -> Floats:
    """Share on the diagonal (…,)."""
    return np.asarray(_diagonal(matrix).sum(-1) / matrix.sum((-2, -1)))


def balanced_accuracy(matrix: Counts) -> Floats:
    """Mean recall (…,) of the classes with rows."""
    n = matrix.sum(-1)
    recall = _ratio(_diagonal(matrix), n)
    return np.asarray(recall.sum(-1) / (n > 0).sum(-1))


def macro_f1(matrix: Counts) -> Floats:
    """Mean F1 (…,) of the classes that are true or predicted of any row."""
    both = matrix.sum(-1) + matrix.sum(-2)
    f1 = _ratio(2 * _diagonal(matrix), both)
    return np.asarray(f1.sum(-1) / (both > 0).sum(-1))


def top2_accuracy(true: Counts, probabilities: NDArray[np.floating]) -> float | None:
    """Share of rows whose class is among the two most probable of (N, K); None for two classes."""
    if probabilities.shape[1] < 3:
        return None
    two = np.argsort(-probabilities, axis=1, kind="stable")[:, :2]
    return float((two == true[:, None]).any(1).mean())


def wilson(right: int, n: int) -> Interval:
    """95 % interval of a share (Wilson 1927)."""
    share, z2 = right / n, Z95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return Interval(low=max(0.0, middle - half), high=min(1.0, middle + half))


def bootstrap(matrix: Counts, seed: int = 0, draws: int = DRAWS) -> Counts:
    """(draws, K, K) confusion matrices of test galaxies resampled with replacement within each class: a
    multinomial draw of each row."""
    rng = np.random.default_rng(seed)
    drawn = np.zeros((draws, *matrix.shape), np.int64)
    for label, row in enumerate(matrix):
        if row.sum():
            drawn[:, label] = rng.multinomial(row.sum(), row / row.sum(), size=draws)
    return drawn


def interval(values: Floats) -> Interval:
    """The middle 95 % of drawn values."""
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(low=float(low), high=float(high))


def class_scores(matrix: Counts, names: list[str], n_train: Counts) -> list[ClassScore]:
    """Precision, recall and F1 of each class."""
    hits, n, predicted = _diagonal(matrix), matrix.sum(1), matrix.sum(0)
    return [
        ClassScore(
            name=name,
            n_train=int(n_train[label]),
            n=int(n[label]),
            precision=_share(hits[label], predicted[label]),
            recall=_share(hits[label], n[label]),
            f1=_share(2 * hits[label], n[label] + predicted[label]),
            few=bool(n[label] < FEW_ROWS),
        )
        for label, name in enumerate(names)
    ]


def _diagonal(matrix: Counts) -> Counts:
    return np.asarray(np.diagonal(matrix, axis1=-2, axis2=-1))


def _ratio(part: Counts, whole: Counts) -> Floats:
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None
