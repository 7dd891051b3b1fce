"""What is learned from ratings, beside the normal equations."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr

from backend.search.interest import FIRST_PENALTY, PENALTIES, error_of_mean, learn_interest

Numbers = NDArray[np.float64]


def cloud(n: int = 60, width: int = 5) -> NDArray[np.float32]:
    vectors = np.random.default_rng(1).standard_normal((n, width)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def by_normal_equations(rated: Numbers, ratings: Numbers, penalty: float, asked: Numbers) -> Numbers:
    """(XᵀX + penalty·I) w = Xᵀy of centred X and y: the mean is not drawn to 0."""
    mean = rated.mean(axis=0)
    centred = rated - mean
    matrix = centred.T @ centred + penalty * np.eye(rated.shape[1])
    weights = np.linalg.solve(matrix, centred.T @ (ratings - ratings.mean()))
    found: Numbers = (asked - mean) @ weights + ratings.mean()
    return found


@pytest.mark.parametrize("n", [3, 4, 30])
def test_expectations_and_left_out_guesses_are_those_of_the_normal_equations(n: int) -> None:
    vectors, rows = cloud(), np.arange(n)
    rated = vectors[rows].astype(np.float64)
    ratings = np.random.default_rng(2).integers(0, 6, n).astype(np.float64)
    found = learn_interest(vectors, rows, ratings)
    expected = by_normal_equations(rated, ratings, found.penalty, vectors.astype(np.float64))
    np.testing.assert_allclose(found.expected, expected, atol=1e-5)
    if n < 5:
        assert (found.penalty, found.left_out, found.correlation(ratings)) == (FIRST_PENALTY, None, None)
        return
    others = [np.delete(rows, row) for row in rows]

    def left_out(penalty: float) -> Numbers:
        guesses = [
            by_normal_equations(rated[rest], ratings[rest], penalty, rated[[row]])[0]
            for row, rest in enumerate(others)
        ]
        return np.array(guesses)

    errors = [((left_out(penalty) - ratings) ** 2).mean() for penalty in PENALTIES]
    assert found.penalty == PENALTIES[int(np.argmin(errors))]
    guesses = left_out(found.penalty)
    np.testing.assert_allclose(found.left_out, guesses, atol=1e-8)
    others_mean = np.array([ratings[rest].mean() for rest in others])
    assert found.correlation(ratings) == pytest.approx(spearmanr(ratings, guesses - others_mean).statistic)
    assert found.error(ratings) == pytest.approx(np.abs(guesses - ratings).mean())


def test_ratings_at_random_do_not_seem_to_foretell_each_other() -> None:
    rng, vectors = np.random.default_rng(4), cloud(400, 20)
    found = []
    for _ in range(40):
        rows, ratings = rng.choice(400, 12, replace=False), rng.permutation(np.repeat([0.0, 5.0], 6))
        found.append(learn_interest(vectors, rows, ratings).correlation(ratings))
    known = [one for one in found if one is not None]
    assert abs(np.mean(known)) < 0.25, "left out of the mean, each would be guessed to be its contrary"


def test_guessing_the_mean_leaves_each_out_too() -> None:
    # Of 0, 1 and 5 the others' means are 3, 2.5 and 0.5.
    assert error_of_mean(np.array([0.0, 1.0, 5.0])) == pytest.approx((3 + 1.5 + 4.5) / 3)


def test_what_lies_beside_a_galaxy_that_was_rated_high_is_expected_to_be_high() -> None:
    vectors = cloud()
    found = learn_interest(vectors, np.array([0, 1]), np.array([5.0, 0.0]))
    likes = vectors @ (vectors[0] - vectors[1])
    assert np.argsort(found.expected).tolist() == np.argsort(likes).tolist()
