"""Confusion matrices and comparisons as text and shares."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from frontend.ui.evaluation_rows import Group, interval_words, points, spread_words
from frontend.ui.wording import count, percent, plural
from shared.contract.evaluations import Calibration, ClassScore, Comparison, Evaluation, MethodComparison

Counts = Sequence[Sequence[int]]


def matrix_data(one: Evaluation, other: Evaluation | None = None) -> dict[str, Any]:
    """Data for the browser: counts, shares of rows and columns, a text per cell, and the order by similarity;
    with `other` also its shares and texts about the difference."""
    names = one.class_names
    return {
        "classes": names,
        "few": [score.few for score in one.classes],
        "similar": similarity_order(one.confusion_matrix),
        "views": _views(one.confusion_matrix),
        "words": cell_words(names, one.confusion_matrix),
        "other": None if other is None else _views(other.confusion_matrix),
        "difference_words": None
        if other is None
        else difference_words(names, one.confusion_matrix, other.confusion_matrix),
    }


def _views(counts: Counts) -> dict[str, Any]:
    columns = list(zip(*counts, strict=True))
    turned = [shares_of(column) for column in columns]
    return {
        "counts": counts,
        "true": [shares_of(row) for row in counts],
        "predicted": [list(row) for row in zip(*turned, strict=True)],
    }


def shares_of(numbers: Sequence[int]) -> list[float | None]:
    """Each number over the sum; None if the sum is 0."""
    whole = sum(numbers)
    return [n / whole if whole else None for n in numbers]


def cell_words(names: Sequence[str], counts: Counts) -> list[list[str]]:
    """The text of each cell: 23 of 41 Merging were classified as Disturbed, 56.1 %."""
    called = [sum(column) for column in zip(*counts, strict=True)]
    return [
        [
            _share_words(n, sum(row), names[i], names[j])
            + " "
            + _called_words(n, called[j], names[i], names[j])
            for j, n in enumerate(row)
        ]
        for i, row in enumerate(counts)
    ]


def _share_words(n: int, whole: int, true: str, predicted: str) -> str:
    if not whole:
        return f"No test galaxies of class {true}."
    return f"{count(n)} of {count(whole)} {true} {_were(n)} classified as {predicted}, {percent(n / whole)}."


def _called_words(n: int, whole: int, true: str, predicted: str) -> str:
    if not whole:
        return f"No galaxy was classified as {predicted}."
    return f"Of {count(whole)} classified as {predicted}, {count(n)} {_are(n)} {true}, {percent(n / whole)}."


def _were(n: int) -> str:
    return "was" if n == 1 else "were"


def _are(n: int) -> str:
    return "is" if n == 1 else "are"


def difference_words(names: Sequence[str], ours: Counts, theirs: Counts) -> list[list[str]]:
    """For each cell both shares of the true class, and their difference in points."""
    return [
        [
            _difference(names[i], names[j], ours[i][j], sum(ours[i]), theirs[i][j], sum(theirs[i]))
            for j in range(len(names))
        ]
        for i in range(len(names))
    ]


def _difference(true: str, predicted: str, n: int, whole: int, other: int, other_whole: int) -> str:
    if not whole or not other_whole:
        return f"No test galaxies of class {true}."
    gap = points(n / whole - other / other_whole)
    return (
        f"{true} classified as {predicted}: {count(n)} of {count(whole)} by A, {percent(n / whole)}; "
        f"{count(other)} of {count(other_whole)} by B, {percent(other / other_whole)}; {gap} points."
    )


def comparison_facts(found: Comparison) -> list[tuple[str, str]]:
    """The figures behind a verdict."""
    low, high = found.difference_ci95.low, found.difference_ci95.high
    return [
        ("A − B, accuracy", f"{points(found.difference)} points (95 %: {points(low)} to {points(high)})"),
        ("Only one correct", f"A {count(found.only_a_right)}, B {count(found.only_b_right)}"),
        ("McNemar", f"p = {found.p:.2g}, n = {count(found.n)}"),
    ]


def method_facts(found: MethodComparison, a: Group, b: Group) -> list[tuple[str, str]]:
    """The figures behind a comparison of two methods."""
    low, high = found.difference_ci95.low, found.difference_ci95.high
    test = "paired t-test (same seeds)" if found.paired else "Welch's t-test"
    return [
        *((name, _mean_words(group)) for name, group in (("A, accuracy", a), ("B, accuracy", b))),
        (
            "A − B, mean accuracy",
            f"{points(found.difference)} points (95 %: {points(low)} to {points(high)})",
        ),
        (test, f"p = {found.p:.2g}"),
    ]


def _mean_words(group: Group) -> str:
    shares = [seed.accuracy for seed in group.seeds]
    return f"{spread_words(shares)} %, {plural(len(shares), 'seed')}"


def class_rows(scores: Sequence[ClassScore]) -> list[dict[str, Any]]:
    """Rows of the class table; a dash for undefined figures."""
    return [
        {
            "name": score.name,
            "few": score.few,
            "precision": _maybe(score.precision),
            "recall": _maybe(score.recall),
            "f1": _maybe(score.f1),
            "share": score.f1,
            "n": count(score.n),
            "n_train": count(score.n_train),
        }
        for score in scores
    ]


def _maybe(share: float | None) -> str:
    return "–" if share is None else percent(share)


def calibration_words(found: Calibration) -> str:
    """The reliability diagram in one sentence."""
    gaps = [
        n * (confidence - accuracy)
        for n, confidence, accuracy in zip(found.counts, found.confidences, found.accuracies, strict=True)
        if confidence is not None and accuracy is not None
    ]
    way = "overconfident" if sum(gaps) > 0 else "underconfident"
    return (
        f"Overall the classifier is {way}. Expected calibration error {percent(found.ece)}; "
        f"{percent(found.scaled_ece)} with temperature scaling (T = {found.temperature:.3g}, "
        "chosen on validation rows)."
    )


def headline_words(one: Evaluation) -> str:
    """The three main figures of an evaluation on one line."""
    interval = interval_words(one.accuracy_ci95.low, one.accuracy_ci95.high)
    return (
        f"accuracy {percent(one.accuracy)} (95 %: {interval}) · balanced {percent(one.balanced_accuracy)} · "
        f"macro-F1 {percent(one.macro_f1)} · n = {count(one.n)}"
    )


def similarity_order(confusion: Sequence[Sequence[int]]) -> list[int]:
    """Class indices along a path with large confusion between neighbours.

    The confusion of two classes is the mean share of each classified as the other. The leaves of two cluster
    trees are ordered optimally (Bar-Joseph et al. 2001). Of these and the given order the best path is taken.
    """
    k = len(confusion)
    given = list(range(k))
    if k < 3:
        return given
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering  # on first use
    from scipy.spatial.distance import squareform

    counts = np.array(confusion, np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    confused = (shares + shares.T) / 2
    distances = squareform(1 - confused, checks=False)
    trees = (linkage(distances, method) for method in ("single", "average"))
    paths = [given, *(leaves_list(optimal_leaf_ordering(tree, distances)).tolist() for tree in trees)]
    best: list[int] = max(paths, key=lambda path: sum(confused[i, j] for i, j in pairwise(path)))
    return best if best[0] <= best[-1] else best[::-1]
