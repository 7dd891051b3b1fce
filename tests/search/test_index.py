"""The search against plain numpy, and by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from backend.search.index import BLOCK, Examples, Ranking, cosines, rank, scored

NOBODY = np.empty((0, 24), np.float32)


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def search(
    vectors: NDArray[np.float32], examples: Examples, k: int, *, least: bool = False, allowed: object = None
) -> Ranking:
    chosen = np.ones(len(vectors), np.bool_) if allowed is None else np.asarray(allowed, np.bool_)
    scores = scored(
        cosines(vectors, examples.positives), cosines(vectors, examples.negatives), examples.weight
    )
    return rank(vectors, examples, scores, chosen, k, least=least)


@pytest.fixture(scope="module")
def galaxies() -> NDArray[np.float32]:
    """More than a block of clustered vectors, every tenth of them twice."""
    rng = np.random.default_rng(11)
    centres = rng.standard_normal((30, 24))
    vectors = unit(
        centres[rng.integers(30, size=BLOCK + 3000)] + 0.2 * rng.standard_normal((BLOCK + 3000, 24))
    )
    vectors[5::10] = vectors[4::10][: len(vectors[5::10])]
    return vectors


@pytest.mark.parametrize("least", [False, True])
@pytest.mark.parametrize(("positives", "negatives", "weight"), [([4], [], 1.0), ([7, 90], [300, 21, 8], 0.5)])
def test_the_ranking_is_exactly_that_of_plain_numpy_with_ties_by_row(
    galaxies: NDArray[np.float32], positives: list[int], negatives: list[int], weight: float, least: bool
) -> None:
    wide = galaxies.astype(np.float64)
    cosine = wide @ wide[[*positives, *negatives]].T
    expected = cosine[:, : len(positives)].mean(axis=1)
    if negatives:
        expected = expected - weight * cosine[:, len(positives) :].mean(axis=1)
    expected = np.round(expected, 12)  # equal galaxies are equal, however numpy summed them
    order = np.argsort(expected if least else -expected, kind="stable")[:100]
    examples = Examples(galaxies[positives], galaxies[negatives], weight)
    found = search(galaxies, examples, 100, least=least)
    assert found.rows.tolist() == order.tolist()
    np.testing.assert_allclose(found.scores, expected[order], atol=1e-12)


def test_several_examples_score_by_their_mean_cosines() -> None:
    east, north, up = np.eye(3, dtype=np.float32)
    between = unit(np.array([[1.0, 1.0, 0.0]]))[0]
    vectors = np.array([east, north, up, between, -east])
    examples = Examples(np.array([east, north]), np.array([up]), 0.5)
    found = search(vectors, examples, 5)
    assert found.rows.tolist() == [3, 0, 1, 2, 4]
    root = np.sqrt(0.5)
    np.testing.assert_allclose(found.scores, [root, 0.5, 0.5, -0.5, -0.5], atol=1e-7)
    assert search(vectors, examples, 2, least=True).rows.tolist() == [2, 4]


def test_only_allowed_rows_are_found_and_fewer_where_there_are_fewer(galaxies: NDArray[np.float32]) -> None:
    allowed = np.zeros(len(galaxies), np.bool_)
    allowed[[3, 1000, BLOCK + 5]] = True
    found = search(galaxies, Examples(galaxies[:1], NOBODY, 1.0), 16, allowed=allowed)
    assert sorted(found.rows.tolist()) == [3, 1000, BLOCK + 5]
    nobody = search(galaxies, Examples(galaxies[:1], NOBODY, 1.0), 16, allowed=np.zeros(len(galaxies)))
    assert nobody.rows.tolist() == []
