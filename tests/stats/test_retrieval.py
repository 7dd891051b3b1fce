"""Precision at k and average precision, by hand and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from backend.stats.retrieval import by_class, chance, mean_interval, rank_by_class


def angles(*degrees: float) -> np.ndarray:
    radians = np.radians(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def test_precision_and_average_precision_are_those_worked_out_by_hand() -> None:
    gallery, classes = angles(1, 2, 3, 4, 5), np.array([0, 1, 0, 1, 0])
    found = rank_by_class(gallery, classes, angles(0, 0, 0), np.array([0, 1, 7]), k=2)
    assert found.labels.tolist() == [0, 1], "class 7 is not in the gallery"
    assert found.precision.tolist() == [0.5, 0.5]
    expected = [(1 / 1 + 2 / 3 + 3 / 5) / 3, (1 / 2 + 2 / 4) / 2]
    np.testing.assert_allclose(found.average_precision, expected)
    assert chance(classes, found.labels) == pytest.approx((0.6 + 0.4) / 2)


def test_average_precision_is_scikit_learns() -> None:
    rng = np.random.default_rng(2)
    vectors = rng.standard_normal((400, 6)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = rng.integers(3, size=400)
    found = rank_by_class(vectors[:100], labels[:100], vectors[100:], labels[100:], k=16)
    for query in (0, 155, 299):
        cosine = vectors[:100] @ vectors[100 + query]
        expected = average_precision_score(labels[:100] == labels[100 + query], cosine)
        assert found.average_precision[query] == pytest.approx(expected)


def test_intervals_hold_the_mean_and_are_as_wide_as_its_standard_error() -> None:
    rng = np.random.default_rng(4)
    labels = np.repeat([0, 1], [100, 300])
    values = rng.uniform(size=400) + labels  # classes far apart add nothing: they are drawn apart
    found = mean_interval(values, labels)
    error = np.sqrt((100 * values[:100].var() + 300 * values[100:].var()) / 400**2)
    assert found.low < values.mean() < found.high
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_classes_without_queries_are_left_out_and_small_ones_marked() -> None:
    gallery, classes = angles(1, 2, 3), np.array([0, 1, 2])
    found = rank_by_class(gallery, classes, angles(0, 0), np.array([0, 0]), k=1)
    [only] = by_class(found, ["E", "S0", "Im"])
    assert (only.name, only.n, only.precision, only.average_precision, only.few) == ("E", 2, 1.0, 1.0, True)
