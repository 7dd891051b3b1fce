"""Overlaps against a count by hand and by plain numpy."""

import numpy as np
import pytest
from numpy.typing import NDArray

from backend.search.agreement import (
    expected_shared,
    jaccard,
    neighbour_lists,
    rank_correlation,
    shared_counts,
)

Vectors = NDArray[np.float32]


def some_galaxies(seed: int, n: int = 300, width: int = 8) -> Vectors:
    """Of length 1; every third is one of five that are exactly alike, so that most lists end in a tie."""
    vectors = np.random.default_rng(seed).normal(size=(n, width))
    vectors[::3] = vectors[:5][np.arange(len(vectors[::3])) % 5]
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def by_brute_force(vectors: Vectors, sources: NDArray[np.int64], k: int) -> list[list[int]]:
    wide = vectors.astype(np.float64)
    cosine = np.round(wide @ wide.T, 12)  # equal galaxies are equal, however numpy summed them
    lists = []
    for row in range(len(wide)):
        order = [int(one) for one in np.argsort(-cosine[row], kind="stable") if sources[one] != sources[row]]
        lists.append(order[:k])
    return lists


def test_lists_and_their_overlap_are_those_of_a_brute_force_count_with_ties_by_row() -> None:
    sources = np.arange(300)
    sources[10:14] = 10  # four pictures of one source
    lists = []
    for seed in (1, 2):
        vectors = some_galaxies(seed)
        found = neighbour_lists(vectors, np.arange(300), sources, 16)
        assert found.tolist() == by_brute_force(vectors, sources, 16)
        lists.append(found)
    first, second = lists
    counted = [len(set(one) & set(other)) for one, other in zip(first.tolist(), second.tolist(), strict=True)]
    assert shared_counts(first, second).tolist() == counted
    assert shared_counts(first, first[:, ::-1]).tolist() == [16] * 300
    some = np.array([7, 250])
    assert neighbour_lists(vectors, some, sources, 16).tolist() == second[some].tolist()


def test_jaccards_index_is_both_over_either() -> None:
    assert jaccard(7, 16, 16) == pytest.approx(7 / 25)
    assert jaccard(np.array([0, 4]), 4, 4).tolist() == [0, 1]
    assert jaccard(2, 2, 6) == pytest.approx(1 / 3)
    assert jaccard(0, 0, 0) == 1


def test_chance_is_the_mean_of_random_draws_also_where_the_candidates_differ() -> None:
    assert expected_shared(16, 16, 4457, 4457, 4457) == pytest.approx(16 * 16 / 4457)
    assert expected_shared(0, 16, 0, 0, 20) == 0
    rng = np.random.default_rng(3)
    first, second = np.arange(0, 60), np.arange(20, 100)  # 40 of them the same
    drawn = [
        len(np.intersect1d(rng.choice(first, 9, replace=False), rng.choice(second, 12, replace=False)))
        for _ in range(4000)
    ]
    assert expected_shared(9, 12, 40, 60, 80) == pytest.approx(np.mean(drawn), abs=0.05)


def test_a_rank_correlation_is_of_ranks_and_none_where_nothing_is_ranked() -> None:
    scores = np.array([0.1, 0.2, 0.9, 0.3], np.float32)
    assert rank_correlation(scores, np.exp(5 * scores)) == pytest.approx(1)
    assert rank_correlation(scores, -scores) == pytest.approx(-1)
    # ranks 1 2 4 3 against 1 2 3 4: 1 - 6 · 2 / (4 · 15)
    assert rank_correlation(scores, np.arange(4, dtype=np.float32)) == pytest.approx(0.8)
    assert rank_correlation(scores, np.ones(4, np.float32)) is None
    assert rank_correlation(scores[:2], scores[:2]) is None
