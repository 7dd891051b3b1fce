"""The index against exact search."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from backend.search import approximate

faiss = pytest.importorskip("faiss", reason="faiss is not installed (the extra `ann`)")


@pytest.fixture(scope="module")
def galaxies() -> NDArray[np.float32]:
    """3,000 vectors about forty centres."""
    rng = np.random.default_rng(5)
    vectors = rng.standard_normal((40, 32))[rng.integers(40, size=3000)] + 0.4 * rng.standard_normal(
        (3000, 32)
    )
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_the_recall_that_it_states_is_that_of_plain_numpy(galaxies: NDArray[np.float32]) -> None:
    index = approximate.build(galaxies)
    shares = []
    for row in range(0, 3000, 10):
        products = galaxies @ galaxies[row]
        products[row] = -2
        nearest = np.argsort(-products)[:16]
        named = index.candidates(galaxies[row], 64)
        shares.append(np.isin(nearest, named).mean())
    assert index.quality.recall == pytest.approx(np.mean(shares), abs=0.02)
    assert index.quality.recall >= approximate.GOOD_RECALL
    assert index.quality.probes < index.quality.lists == 64


def test_an_index_is_read_as_it_was_written_and_half_of_one_is_none(
    galaxies: NDArray[np.float32], tmp_path: Path
) -> None:
    path = tmp_path / "a" / "d6_mean_index.faiss"
    index = approximate.build(galaxies)
    assert approximate.read(path) is None
    approximate.write(index, path)
    again = approximate.read(path)
    assert again is not None and again.quality == index.quality
    assert again.candidates(galaxies[3], 20).tolist() == index.candidates(galaxies[3], 20).tolist()
    path.unlink()
    assert approximate.read(path) is None


@pytest.mark.parametrize(("n", "lists"), [(5, 1), (300, 16), (3000, 64), (17_736, 128), (1_000_000, 1024)])
def test_lists_grow_with_the_root_of_the_galaxies(n: int, lists: int) -> None:
    assert approximate.list_count(n) == lists
