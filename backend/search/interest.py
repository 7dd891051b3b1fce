"""What a person would give the galaxies that they have not rated: a ridge regression on their vectors.

Shapes: N galaxies, n of them rated, D width. Vectors have length 1, so that a penalty means the same in every
space: with one rated galaxy it would draw a guess of its own rating to 1 / (1 + penalty) of the way from the
mean.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.search.index import Rows
from backend.search.vectors import Vectors

PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0)
"""Of these the one of least squared error when each rated galaxy is left out once; few, as they are chosen by
the same galaxies that then say how good it is."""
FIRST_PENALTY = 1.0
"""While there are fewer than MIN_LEFT_OUT to choose by."""
MIN_LEFT_OUT = 5
NOTHING = 1e-6
Ratings = NDArray[np.float64]


@dataclass(frozen=True)
class Interest:
    """`expected` (N,) of every galaxy; `left_out` (n,): of each rated one by the others, None below
    MIN_LEFT_OUT."""

    expected: Ratings
    penalty: float
    left_out: Ratings | None

    def correlation(self, ratings: Ratings) -> float | None:
        """Spearman's, of what was rated and how far above the mean of the others the others guess it; None
        where it has no meaning. Without taking their mean away, a guess that knows nothing comes to −1: the
        mean of the others is the lower, the higher a galaxy was rated."""
        if self.left_out is None:
            return None
        above = self.left_out - mean_of_others(ratings)
        if np.ptp(above) < NOTHING:
            return None
        from scipy.stats import spearmanr  # half a second that a server without this page does not need

        return float(spearmanr(ratings, above).statistic)

    def error(self, ratings: Ratings) -> float | None:
        """Mean absolute, of the same."""
        return None if self.left_out is None else float(np.abs(self.left_out - ratings).mean())


def learn_interest(vectors: Vectors, rows: Rows, ratings: Ratings) -> Interest:
    """Learned from rated rows (n,), of which two must differ; the closed form, in float64, with a free
    mean."""
    from sklearn.linear_model import RidgeCV

    rated = vectors[rows].astype(np.float64)
    enough = len(rows) >= MIN_LEFT_OUT
    model = RidgeCV(
        alphas=list(PENALTIES) if enough else [FIRST_PENALTY],
        scoring="neg_mean_squared_error",
        store_cv_results=True,
    ).fit(rated, ratings)
    expected = vectors @ model.coef_.astype(np.float32) + np.float32(model.intercept_)
    chosen = list(model.alphas).index(model.alpha_)
    left_out = model.cv_results_[:, chosen] if enough else None
    return Interest(expected.astype(np.float64), float(model.alpha_), left_out)


def mean_of_others(ratings: Ratings) -> Ratings:
    """(n,): of all but each."""
    others: Ratings = (ratings.sum() - ratings) / (len(ratings) - 1)
    return others


def error_of_mean(ratings: Ratings) -> float:
    """Mean absolute error of guessing each by the mean of the others."""
    return float(np.abs(mean_of_others(ratings) - ratings).mean())
