"""How well each class is separated from the rest at every threshold: ROC and precision–recall.

Computed by scikit-learn; here they are thinned for drawing, and averaged over classes. N galaxies, K classes;
true (N,), probabilities (N, K).
"""

import numpy as np
from numpy.typing import NDArray

from shared.contract.evaluations import ClassCurves, Curve, ThresholdCurves

MOST_POINTS = 200
Labels = NDArray[np.int64]
Floats = NDArray[np.float64]
Line = tuple[Floats, Floats]
GRID = np.linspace(0, 1, 101)


def threshold_curves(true: Labels, probabilities: Floats, names: list[str]) -> ThresholdCurves:
    """One class against the rest, for every class, and the mean over those with rows on both sides."""
    classes = [_class_curves(name, true == k, probabilities[:, k]) for k, name in enumerate(names)]
    return ThresholdCurves(
        n=len(true),
        classes=classes,
        macro_auc=_mean([one.auc for one in classes if one.auc is not None]),
        macro_average_precision=_mean(
            [one.average_precision for one in classes if one.average_precision is not None]
        ),
        macro_roc=_mean_roc([one.roc for one in classes if one.roc is not None]),
        macro_precision_recall=_mean_steps(
            [one.precision_recall for one in classes if one.precision_recall is not None]
        ),
    )


def _class_curves(name: str, is_class: NDArray[np.bool_], scores: Floats) -> ClassCurves:
    n, n_rest = int(is_class.sum()), int((~is_class).sum())
    if not n or not n_rest:
        return ClassCurves(name=name, n=n, n_rest=n_rest)
    from sklearn import metrics  # on first use

    false_positives, recall, _ = metrics.roc_curve(is_class, scores)
    precision, recalled, _ = metrics.precision_recall_curve(is_class, scores, drop_intermediate=True)
    return ClassCurves(
        name=name,
        n=n,
        n_rest=n_rest,
        auc=float(metrics.roc_auc_score(is_class, scores)),
        average_precision=float(metrics.average_precision_score(is_class, scores)),
        roc=_curve(thinned((false_positives, recall))),
        precision_recall=_curve(thinned((recalled[::-1], precision[::-1]))),
    )


def thinned(line: Line, most: int = MOST_POINTS) -> Line:
    """At most `most` points of a line, both ends included, evenly along its length (|dx| + |dy|)."""
    x, y = line
    if len(x) <= most:
        return line
    along = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    keep = np.unique(np.searchsorted(along, np.linspace(0, along[-1], most)).clip(0, len(x) - 1))
    keep[[0, -1]] = 0, len(x) - 1
    return x[keep], y[keep]


def _mean_roc(curves: list[Curve]) -> Curve | None:
    """Mean true-positive rate at each false-positive rate, by linear interpolation."""
    if not curves:
        return None
    rates = np.mean([np.interp(GRID, curve.x, curve.y) for curve in curves], axis=0)
    return _curve((np.concatenate([[0.0], GRID]), np.concatenate([[0.0], rates])))


def _mean_steps(curves: list[Curve]) -> Curve | None:
    """Mean precision at each recall, from the first point that reaches it."""
    if not curves:
        return None
    reached = [np.asarray(one.y)[np.searchsorted(one.x, GRID)] for one in curves]
    return _curve((GRID, np.mean(reached, axis=0)))


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _curve(line: Line) -> Curve:
    x, y = (np.round(values, 5).tolist() for values in line)
    return Curve(x=x, y=y)
