"""Counting test galaxies that an encoder was pretrained on, in another dataset."""

from pathlib import Path

import h5py
import numpy as np

from backend.data.layout import DatasetPlan, GalaxyBlock
from backend.data.seen import count_seen
from backend.data.store import GalaxyStore, StoreWriter


def galaxies(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)


def dataset(
    folder: Path, name: str, images: np.ndarray, ids: list[str], ra: np.ndarray | None = None
) -> Path:
    plan = DatasetPlan(len(images), 32, 3, ["a", "b"], ["red", "green", "blue"], {})
    sky = {} if ra is None else {"ra": ra, "dec": np.full(len(ra), 60.0)}
    block = GalaxyBlock(images, np.arange(len(images)) % 2, ids, sky)
    with StoreWriter(folder, name, "t", plan) as writer:
        writer.append(block)
        return writer.finish()


def seen(path: Path, other: Path) -> int:
    with GalaxyStore.open(path) as store, GalaxyStore.open(other) as trained:
        return count_seen(store, np.arange(store.n), trained, np.arange(trained.n))


def test_none_of_two_unrelated_datasets(tmp_path: Path) -> None:
    one = dataset(tmp_path, "one", galaxies(20, 0), [f"a{k}" for k in range(20)])
    two = dataset(tmp_path, "two", galaxies(20, 1), [f"b{k}" for k in range(20)])
    assert seen(one, two) == 0


def test_the_same_image_the_same_name_and_the_same_place_count_once_each(tmp_path: Path) -> None:
    images, others = galaxies(20, 0), galaxies(20, 1)
    others[:3] = images[:3]
    ids = [f"a{k}" for k in range(2, 5)] + [f"b{k}" for k in range(3, 20)]
    ra = np.arange(20) * 0.1
    shifted = np.where(np.arange(20) == 9, 0.9 + 3.0 / 3600, 50 + ra)  # 3″ in ra is 1.5″ at dec 60°
    one = dataset(tmp_path, "one", images, [f"a{k}" for k in range(20)], ra)
    two = dataset(tmp_path, "two", others, ids, shifted)
    # Images 0 1 2, names a2 a3 a4, place 9.
    assert seen(one, two) == 6


def test_only_rows_that_were_learned_from_count(tmp_path: Path) -> None:
    path = dataset(tmp_path, "one", galaxies(20, 0), [f"a{k}" for k in range(20)])
    with GalaxyStore.open(path) as store:
        assert count_seen(store, np.array([0, 1, 2]), store, np.array([2, 3])) == 1


def test_a_hash_that_many_share_says_nothing(tmp_path: Path) -> None:
    images = galaxies(20, 0)
    one = dataset(tmp_path, "one", images, [f"a{k}" for k in range(20)])
    two = dataset(tmp_path, "two", galaxies(20, 1), [f"b{k}" for k in range(20)])
    for path in (one, two):
        with h5py.File(path, "r+") as file:
            file["image_hash"][:5] = 0
    assert seen(one, two) == 0
