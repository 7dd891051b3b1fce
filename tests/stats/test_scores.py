"""Figures of a classifier against hand-worked numbers, scikit-learn and scipy."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from backend.stats.scores import (
    accuracy,
    balanced_accuracy,
    bootstrap,
    class_scores,
    confusion_matrix,
    interval,
    macro_f1,
    top2_accuracy,
    wilson,
)


def drawn(n: int = 300, n_classes: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Classes, and guesses of them that are right about half of the time."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, n_classes, n)
    predicted = np.where(rng.random(n) < 0.5, true, rng.integers(0, n_classes, n))
    return true, predicted


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [
        (0, 10, 0.0, 0.27753),
        (5, 10, 0.23659, 0.76341),
        (10, 10, 0.72247, 1.0),
        (81, 263, 0.2553, 0.3662),  # this and the next three: his table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_in_newcombe_1998(right: int, n: int, low: float, high: float) -> None:
    found = wilson(right, n)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))
    theirs = stats.binomtest(right, n).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_scores_equal_those_of_scikit_learn() -> None:
    true, predicted = drawn()
    matrix = confusion_matrix(true, predicted, 5)
    assert np.array_equal(matrix, metrics.confusion_matrix(true, predicted))
    assert float(accuracy(matrix)) == pytest.approx(metrics.accuracy_score(true, predicted), abs=1e-12)
    expected = metrics.balanced_accuracy_score(true, predicted)
    assert float(balanced_accuracy(matrix)) == pytest.approx(expected, abs=1e-12)
    assert float(macro_f1(matrix)) == pytest.approx(
        metrics.f1_score(true, predicted, average="macro"), abs=1e-12
    )
    names = [f"class {k}" for k in range(5)]
    precision, recall, f1, n = metrics.precision_recall_fscore_support(true, predicted)
    for k, score in enumerate(class_scores(matrix, names, np.arange(5))):
        assert (score.precision, score.recall, score.f1) == pytest.approx((precision[k], recall[k], f1[k]))
        assert (score.n, score.n_train) == (n[k], k)


ABSENCES = {
    "every class": (range(5), range(5)),
    "one is not true of any row": ((0, 1, 3, 4), range(5)),
    "one is never predicted": (range(5), (0, 2, 3, 4)),
    "one is neither": ((0, 1, 3, 4), (0, 1, 3, 4)),
    "the last are neither": ((0, 1, 2), (0, 1, 2)),
    "one is all that is predicted": (range(5), (3,)),
    "one is all that is true": ((2,), range(5)),
}


@pytest.mark.parametrize("absence", ABSENCES)
def test_every_figure_equals_that_of_scikit_learn_where_classes_are_absent(absence: str) -> None:
    among_true, among_predicted = map(list, ABSENCES[absence])
    rng = np.random.default_rng(3)
    true = rng.choice(among_true, 400)
    probabilities = rng.dirichlet(np.ones(5), 400)
    probabilities[np.arange(400), true] += 0.3
    predicted = np.array(among_predicted)[probabilities[:, among_predicted].argmax(1)]
    matrix, k = confusion_matrix(true, predicted, 5), np.arange(5)
    assert np.array_equal(matrix, metrics.confusion_matrix(true, predicted, labels=k))
    assert float(accuracy(matrix)) == pytest.approx(metrics.accuracy_score(true, predicted), abs=1e-9)
    recalls = metrics.recall_score(true, predicted, labels=np.unique(true), average=None)
    assert float(balanced_accuracy(matrix)) == pytest.approx(recalls.mean(), abs=1e-9)
    f1 = metrics.f1_score(true, predicted, average="macro", zero_division=0)
    assert float(macro_f1(matrix)) == pytest.approx(f1, abs=1e-9)
    theirs = metrics.precision_recall_fscore_support(
        true, predicted, labels=k, average=None, zero_division=np.nan
    )
    for score, precision, recall, f1, n in zip(
        class_scores(matrix, list("abcde"), np.zeros(5, int)), *theirs, strict=True
    ):
        ours = [np.nan if x is None else x for x in (score.precision, score.recall, score.f1)]
        assert ours == pytest.approx([precision, recall, f1], abs=1e-9, nan_ok=True)
        assert score.n == n
    second = metrics.top_k_accuracy_score(true, probabilities, k=2, labels=k)
    assert top2_accuracy(true, probabilities) == pytest.approx(second, abs=1e-9)


def test_classes_without_test_rows_or_never_predicted_are_undefined_and_do_not_count() -> None:
    # True 0 0 0 1 1, predicted 0 0 1 1 1; class 2 has no rows, class 3 is predicted once of class 1.
    matrix = confusion_matrix(np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 1, 1, 1, 3]), 4)
    assert float(balanced_accuracy(matrix)) == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert float(macro_f1(matrix)) == pytest.approx((4 / 5 + 4 / 6 + 0) / 3)
    scores = class_scores(matrix, list("abcd"), np.zeros(4, int))
    assert (scores[2].precision, scores[2].recall, scores[2].f1) == (None, None, None)
    assert (scores[3].precision, scores[3].recall, scores[3].f1) == (0.0, None, 0.0)
    assert all(score.few for score in scores)


def test_the_class_among_the_two_most_probable() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5], [0.4, 0.2, 0.4]])
    assert top2_accuracy(np.array([1, 0, 2]), probabilities) == pytest.approx(2 / 3)
    assert top2_accuracy(np.array([1, 0, 2]), probabilities[:, :2]) is None


def test_a_bootstrap_keeps_the_number_of_each_class_and_surrounds_the_figure() -> None:
    true, predicted = drawn()
    matrix = confusion_matrix(true, predicted, 5)
    many = bootstrap(matrix)
    assert many.shape == (2000, 5, 5)
    assert (many.sum(2) == matrix.sum(1)).all()
    assert not many[:, matrix == 0].any()
    assert many.mean(0) == pytest.approx(matrix, abs=0.5)
    for score in (balanced_accuracy, macro_f1):
        found = interval(score(many))
        assert found.low < float(score(matrix)) < found.high
    # The spread of one recall is that of a binomial share.
    recall = many[:, 0, 0] / matrix[0].sum()
    share = matrix[0, 0] / matrix[0].sum()
    assert recall.std() == pytest.approx(np.sqrt(share * (1 - share) / matrix[0].sum()), rel=0.1)


def test_a_bootstrap_of_a_perfect_classifier_has_no_width() -> None:
    found = interval(balanced_accuracy(bootstrap(np.diag([5, 9, 1]))))
    assert (found.low, found.high) == (1.0, 1.0)


def test_the_interval_of_balanced_accuracy_holds_the_truth_as_often_as_it_says() -> None:
    """Right on 60 % of one class and 80 % of the other: 0.7 is inside 95 % of the time."""
    rng, inside = np.random.default_rng(1), 0
    for _ in range(300):
        right = rng.binomial([80, 120], [0.6, 0.8])
        matrix = np.array([[right[0], 80 - right[0]], [120 - right[1], right[1]]])
        found = interval(balanced_accuracy(bootstrap(matrix, draws=400)))
        inside += found.low <= 0.7 <= found.high
    assert 0.91 <= inside / 300 <= 0.98
