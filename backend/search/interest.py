"""Predicted ratings of unrated galaxies: a ridge regression on their vectors.

Shapes: N galaxies, n of them rated, D width. Vectors have length 1, so a penalty means the same in every
space."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.search.index import Rows
from backend.search.vectors import Vectors

PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0)
"""The one of least leave-one-out squared error is used; few, since the same galaxies then measure the fit."""
FIRST_PENALTY = 1.0
"""With fewer than MIN_LEFT_OUT ratings."""
MIN_LEFT_OUT = 5
NOTHING = 1e-6
Ratings = NDArray[np.float64]


@dataclass(frozen=True)
class Interest:
    """Predicted ratings: `expected` (N,); `left_out` (n,) of each rated galaxy from the others, None below
    MIN_LEFT_OUT ratings."""

    expected: Ratings
    penalty: float
    left_out: Ratings | None

    def correlation(self, ratings: Ratings) -> float | None:
        """Spearman's, of ratings and leave-one-out predictions less the mean of the other ratings; None if
        undefined. Without that subtraction a constant prediction would correlate to −1."""
        if self.left_out is None:
            return None
        above = self.left_out - mean_of_others(ratings)
        if np.ptp(above) < NOTHING:
            return None
        from scipy.stats import spearmanr  # on first use

        return float(spearmanr(ratings, above).statistic)

    def error(self, ratings: Ratings) -> float | None:
        """Mean absolute leave-one-out error."""
        return None if self.left_out is None else float(np.abs(self.left_out - ratings).mean())


def learn_interest(vectors: Vectors, rows: Rows, ratings: Ratings) -> Interest:
    """Fit to rated rows (n,), of which two must differ: the closed form, in float64, with an intercept."""
    from sklearn.linear_model import RidgeCV

    rated = vectors[rows].astype(np.float64)
    enough = len(rows) >= MIN_LEFT_OUT
    alphas = list(PENALTIES) if enough else [FIRST_PENALTY]
    model = RidgeCV(alphas, scoring="neg_mean_squared_error", store_cv_results=True).fit(rated, ratings)
    expected = vectors @ model.coef_.astype(np.float32) + np.float32(model.intercept_)
    chosen = list(model.alphas).index(model.alpha_)
    left_out = model.cv_results_[:, chosen] if enough else None
    return Interest(expected.astype(np.float64), float(model.alpha_), left_out)


def mean_of_others(ratings: Ratings) -> Ratings:
    """(n,): for each rating the mean of all others."""
    others: Ratings = (ratings.sum() - ratings) / (len(ratings) - 1)
    return others


def error_of_mean(ratings: Ratings) -> float:
    """Mean absolute error of predicting each rating by the mean of the others."""
    return float(np.abs(mean_of_others(ratings) - ratings).mean())
