"""Pixel values by band, worked out by hand."""

from pathlib import Path

import numpy as np
import pytest

from backend.data.layout import DatasetPlan, GalaxyBlock, Pixels
from backend.data.statistics import pixel_statistics
from backend.data.store import GalaxyStore, StoreWriter


def store_of(folder: Path, images: Pixels, splits: list[int]) -> GalaxyStore:
    n, side, _, channels = images.shape
    plan = DatasetPlan(n, side, channels, [], [f"b{c}" for c in range(channels)], {})
    block = GalaxyBlock(
        images, np.full(n, -1), [str(row) for row in range(n)], splits=np.array(splits, np.uint8)
    )
    with StoreWriter(folder, "d", "t", plan) as writer:
        writer.append(block)
        return GalaxyStore.open(writer.finish())


def test_mean_spread_ends_and_shares_are_those_of_the_train_rows(tmp_path: Path) -> None:
    images = np.full((12, 8, 8, 2), 200, np.uint8)  # the held-out rows
    images[:10, ..., 0] = 10
    images[:5, ..., 0] = 30
    images[:10, ..., 1] = 100
    images[0, :, :, 1] = 0
    images[1, :4, :, 1] = 255
    store = store_of(tmp_path, images, [0] * 10 + [1, 2])
    first, second = pixel_statistics(store).bands
    assert (first.band, first.mean, first.std, first.minimum, first.maximum) == ("b0", 20, 10, 10, 30)
    assert (first.share_black, first.share_white) == (0, 0)
    assert {place: count for place, count in enumerate(first.counts) if count} == {2: 320, 7: 320}
    # b1 of 640 pixels: 64 are 0, 32 are 255, 544 are 100.
    assert second.mean == pytest.approx((32 * 255 + 544 * 100) / 640)
    assert (second.share_black, second.share_white) == (0.1, 0.05)
    assert (second.minimum, second.maximum) == (0, 255)
    assert [second.counts[place] for place in (0, 25, 63)] == [64, 544, 32]
    assert len(second.counts) == 64


def test_a_sample_is_always_the_same_and_never_held_out(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 200, (60, 8, 8, 1), dtype=np.uint8)
    images[50:] = 255
    read: list[int] = []
    with store_of(tmp_path, images, [0] * 50 + [1] * 5 + [2] * 5):
        pass
    with GalaxyStore.open(tmp_path / "d.h5", on_read=lambda rows: read.extend(rows.tolist())) as store:
        once, again = pixel_statistics(store, 20), pixel_statistics(store, 20)
    assert once == again
    assert once.n == 20
    assert len(set(read)) == 20
    assert max(read) < 50
    assert once.bands[0].maximum < 200
