"""Maps are known in closed form: along lines, of turned copies, of far groups."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import ortho_group
from sklearn.decomposition import PCA

from backend.search.projection import (
    ITERATIONS,
    Projection,
    project_aligned,
    project_pca,
    project_tsne,
    projection_name,
)

Vectors = NDArray[np.float32]


def some_vectors(seed: int, n: int = 80, width: int = 12) -> Vectors:
    """Of length 1, spread unevenly over their directions, so that the components are distinct."""
    rng = np.random.default_rng(seed)
    raw = rng.normal(size=(n, width)) * np.linspace(3, 0.5, width) + 0.3
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


def test_galaxies_on_a_line_lie_on_the_first_axis_at_their_distances() -> None:
    along = np.array([[-2.0], [0.0], [1.0], [1.0]])
    vectors = (along * [[-0.6, 0.8, 0.0]] + [[5.0, 1.0, 2.0]]).astype(np.float32)
    made = project_pca(vectors)
    np.testing.assert_allclose(made.points, np.hstack([along, np.zeros((4, 1))]), atol=1e-5)
    np.testing.assert_allclose(made.shares, (1, 0), atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_a_map_is_the_plane_that_scikit_learn_finds_signs_included(seed: int) -> None:
    vectors = some_vectors(seed)
    sklearn = PCA(2, svd_solver="full")
    np.testing.assert_allclose(
        project_pca(vectors).points, sklearn.fit_transform(vectors.astype(np.float64)), atol=1e-5
    )
    np.testing.assert_allclose(project_pca(vectors).shares, sklearn.explained_variance_ratio_, atol=1e-6)


def test_vectors_of_one_feature_lie_on_a_line() -> None:
    made = project_pca(np.array([[1.0], [-1.0]], np.float32))
    np.testing.assert_allclose(made.points, [[1, 0], [-1, 0]])


@given(seed=st.integers(0, 10_000), turn=st.integers(0, 10_000))
def test_a_turned_or_mirrored_space_has_the_same_map_once_aligned(seed: int, turn: int) -> None:
    vectors = some_vectors(seed)
    turned = (vectors @ ortho_group.rvs(vectors.shape[1], random_state=turn)).astype(np.float32)
    aligned, plain = project_aligned(turned, vectors), project_pca(vectors)
    np.testing.assert_allclose(aligned.points, plain.points, atol=1e-6)
    np.testing.assert_allclose(aligned.shares, plain.shares, atol=1e-6)


def test_what_has_moved_in_the_space_moves_and_nothing_is_scaled() -> None:
    vectors = some_vectors(0)
    np.testing.assert_allclose(
        project_aligned(vectors * np.float32(0.5), vectors).points, project_pca(vectors).points / 2, atol=1e-6
    )
    moved = vectors.copy()
    moved[7] = -moved[7]
    apart = np.linalg.norm(project_aligned(moved, vectors).points - project_pca(vectors).points, axis=1)
    assert apart.argmax() == 7
    assert np.median(apart) < 0.1 * apart[7]


def test_neighbours_stay_together_and_the_same_seed_draws_the_same_map() -> None:
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1, 2], 20)
    vectors = (np.eye(8)[group] + rng.normal(scale=0.05, size=(60, 8))).astype(np.float32)
    told: list[int] = []
    made = project_tsne(vectors, perplexity=5, seed=1, tick=lambda done, _: told.append(done))
    apart = np.linalg.norm(made.points[:, None] - made.points[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (group[apart.argmin(axis=1)] == group).all()
    assert told == sorted(told)
    assert (told[0], told[-1] <= ITERATIONS, len(told) > 5) == (0, True, True)
    again = project_tsne(vectors, perplexity=5, seed=1, tick=lambda *_: None)
    np.testing.assert_array_equal(made.points, again.points)
    assert made.shares == ()


def test_a_projection_that_is_told_to_stop_ends_at_the_next_word_of_its_progress() -> None:
    told: list[int] = []

    def stop_at_100(done: int, total: int) -> None:
        told.append(done)
        if done >= 100:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        project_tsne(some_vectors(0), perplexity=5, seed=0, tick=stop_at_100)
    assert told == [0, 50, 100]


def test_a_kept_projection_comes_back_and_its_name_knows_what_it_depends_on() -> None:
    made = project_pca(some_vectors(0))
    kept = Projection.from_bytes(made.to_bytes())
    np.testing.assert_array_equal(kept.points, made.points)
    assert kept.shares == made.shares
    name = projection_name("tsne", ["a/d6_mean_all.npy"], perplexity=30.0, seed=0)
    assert name == projection_name("tsne", ("a/d6_mean_all.npy",), seed=0, perplexity=30.0)
    others = {
        projection_name("tsne", ["a/d6_mean_all.npy"], perplexity=30.0, seed=1),
        projection_name("tsne", ["a/d6_cls_all.npy"], perplexity=30.0, seed=0),
        projection_name("pca", ["a/d6_mean_all.npy"], perplexity=30.0, seed=0),
    }
    assert len(others | {name}) == 4
