"""Learning what a person finds interesting, from ratings or flags."""

from dataclasses import dataclass

import numpy as np

from backend.errors import ConflictError
from backend.search.index import Rows
from backend.search.interest import MIN_LEFT_OUT, Interest, Ratings, error_of_mean, learn_interest
from backend.search.vectors import Vectors
from backend.services.datasets.annotations import DatasetAnnotations
from shared.contract.odd import InterestReport, LearnFrom

FLAGGED, TRUSTED = 1.0, 0.0


@dataclass(frozen=True)
class InterestModel:
    """`rows` (n,) that were learned from, the `expected` value of every galaxy (N,), and a report."""

    rows: Rows
    expected: Ratings
    report: InterestReport


def learn(vectors: Vectors, learn_from: LearnFrom, annotated: DatasetAnnotations) -> InterestModel:
    """Raises ConflictError where there is nothing to learn from yet."""
    targets = require_targets(learn_from, annotated)
    rows, values = np.array(list(targets), np.int64), np.array(list(targets.values()))
    found = learn_interest(vectors, rows, values)
    return InterestModel(rows, found.expected, _report(learn_from, values, found))


def require_targets(learn_from: LearnFrom, annotated: DatasetAnnotations) -> dict[int, float]:
    """The values to learn, by row. Raises ConflictError unless two of them differ."""
    if learn_from is LearnFrom.RATINGS:
        targets = {row: float(rating) for row, rating in annotated.ratings.items()}
    else:
        targets = dict.fromkeys(annotated.ratings, TRUSTED) | dict.fromkeys(annotated.notes, FLAGGED)
    if len(set(targets.values())) < 2:
        said = _advice(learn_from, len(annotated.ratings), len(annotated.notes))
        raise ConflictError("nothing_to_learn", said)
    return dict(sorted(targets.items()))


def _advice(learn_from: LearnFrom, rated: int, flagged: int) -> str:
    if learn_from is LearnFrom.RATINGS:
        so_far = f"all {rated} ratings are the same" if rated > 1 else f"{rated or 'no'} galaxy is rated"
        return f"nothing to learn from yet: {so_far}; rate some high (5) and some low (0), then learn"
    missing = "no label is flagged" if not flagged else "no galaxy is rated without a flag"
    return (
        f"nothing to learn from yet: {missing}; flag doubtful labels (f), rate galaxies with correct labels, "
        "then learn"
    )


def _report(learn_from: LearnFrom, values: Ratings, found: Interest) -> InterestReport:
    correlation, error, of_mean = found.correlation(values), found.error(values), error_of_mean(values)
    few = found.left_out is None
    return InterestReport(
        learn_from=learn_from,
        n=len(values),
        penalty=found.penalty,
        correlation=correlation,
        error=error,
        error_of_mean=None if few else of_mean,
        words=_words(learn_from, values, correlation, error, of_mean),
    )


def _words(
    learn_from: LearnFrom, values: Ratings, correlation: float | None, error: float | None, of_mean: float
) -> str:
    n, flagged = len(values), int((values == FLAGGED).sum())
    what = f"{n} rated" if learn_from is LearnFrom.RATINGS else f"{flagged} flagged, {n - flagged} not"
    if error is None:
        return f"{what}; cross-validated accuracy is reported from {MIN_LEFT_OUT} ratings on"
    ranks = "unknown" if correlation is None else f"{correlation:.2f}".replace("-", "−")
    beside = f"error {error:.2f} ({of_mean:.2f} by guessing the mean)"
    if error >= of_mean:
        return f"{what}; no better than the mean yet: leave-one-out {beside}; rate more"
    return f"{what}; leave-one-out rank correlation {ranks}, {beside}"
