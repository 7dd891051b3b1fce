"""ROC and precision–recall of each class, by hand and as scikit-learn has them."""

import numpy as np
import pytest
from sklearn import metrics

from backend.stats.threshold_curves import MOST_POINTS, thinned, threshold_curves
from shared.contract.evaluations import ClassCurves, Curve, ThresholdCurves

Numbers = list[float]


def two_classes(true: list[int], of_b: Numbers) -> ThresholdCurves:
    """Curves of the classes a (0) and b (1), from the probabilities of b."""
    second = np.array(of_b)
    return threshold_curves(np.array(true), np.stack([1 - second, second], axis=1), ["a", "b"])


def points(curve: Curve | None) -> list[tuple[float, float]]:
    assert curve is not None
    return list(zip(curve.x, curve.y, strict=True))


def test_four_galaxies_worked_out_by_hand() -> None:
    # By falling probability of b: b, a, b, a. Of four pairs of a b and an a, three stand the right way round.
    b = two_classes([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).classes[1]
    assert (b.n, b.n_rest, b.auc) == (2, 2, 0.75)
    assert points(b.roc) == [(0, 0), (0, 0.5), (0.5, 0.5), (0.5, 1), (1, 1)]
    assert points(b.precision_recall) == [(0, 1), (0.5, 1), (0.5, 0.5), (1, 0.66667), (1, 0.5)]
    assert b.average_precision == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_equal_probabilities_are_chance() -> None:
    b = two_classes([0, 0, 0, 1], [0.5] * 4).classes[1]
    assert (b.auc, b.average_precision) == (0.5, 0.25)
    assert points(b.roc) == [(0, 0), (1, 1)]


def test_the_mean_is_over_the_classes_that_can_be_told() -> None:
    # c has no test row; a and b are told without a fault.
    probabilities = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]])
    found = threshold_curves(np.array([0, 1]), probabilities, ["a", "b", "c"])
    assert found.classes[2] == ClassCurves(name="c", n=0, n_rest=2)
    assert (found.n, found.macro_auc, found.macro_average_precision) == (2, 1.0, 1.0)
    assert points(found.macro_roc)[:2] == [(0, 0), (0, 1)]
    assert set(points(found.macro_precision_recall)) == {(round(k / 100, 5), 1.0) for k in range(101)}


def test_the_mean_curves_are_means_at_each_rate_and_recall() -> None:
    found = two_classes([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    at = dict(points(found.macro_roc))
    # a: 0.9, 0.65, 0.6, 0.2 by falling probability are a, b, a, b: as b's.
    assert (at[0.25], at[0.5], at[0.75]) == (0.5, 1.0, 1.0)
    recalls = dict(points(found.macro_precision_recall))
    assert (recalls[0.5], recalls[0.51]) == (1.0, 0.66667)


def test_test_rows_of_one_class_have_no_curves() -> None:
    found = two_classes([1, 1], [0.3, 0.9])
    assert found.classes == [ClassCurves(name="a", n=0, n_rest=2), ClassCurves(name="b", n=2, n_rest=0)]
    assert (found.macro_auc, found.macro_roc, found.macro_precision_recall) == (None, None, None)


def test_many_galaxies_are_thinned_and_keep_their_areas() -> None:
    rng = np.random.default_rng(0)
    true = rng.integers(0, 4, 6000)
    logits = rng.normal(size=(6000, 4)) + 1.2 * np.eye(4)[true]
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    for k, one in enumerate(threshold_curves(true, probabilities, list("abcd")).classes):
        assert one.auc == metrics.roc_auc_score(true == k, probabilities[:, k])
        assert one.average_precision == metrics.average_precision_score(true == k, probabilities[:, k])
        assert one.roc is not None
        assert one.precision_recall is not None
        for curve in (one.roc, one.precision_recall):
            assert 100 < len(curve.x) <= MOST_POINTS
            assert curve.x == sorted(curve.x)
            assert (curve.x[0], curve.x[-1]) == (0, 1)
        assert metrics.auc(one.roc.x, one.roc.y) == pytest.approx(one.auc, abs=0.002)
        recall, precision = np.array(one.precision_recall.x), np.array(one.precision_recall.y)
        assert (np.diff(recall) * precision[1:]).sum() == pytest.approx(one.average_precision, abs=0.005)


def test_thinning_takes_points_of_the_line_and_both_ends() -> None:
    x = np.linspace(0, 1, 1001) ** 3
    kept_x, kept_y = thinned((x, 1 - x), most=50)
    assert (kept_x[0], kept_x[-1]) == (0, 1)
    assert len(kept_x) <= 50
    assert set(zip(kept_x, kept_y, strict=True)) <= set(zip(x, 1 - x, strict=True))
    assert np.diff(kept_x).max() < 2 / 49  # evenly along the line, not along the list
