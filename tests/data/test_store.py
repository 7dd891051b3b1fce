"""The dataset file: what is written is what is read, its digest, and what a failure leaves behind."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from backend.data.layout import DatasetPlan, GalaxyBlock, SkipLog, default_bands
from backend.data.store import GalaxyStore, StoreWriter, cleanup_partials, describe, load_images, split_rows
from backend.errors import DataError
from shared.base.vocabulary import Split

N, SIDE = 60, 16


def plan(n: int = N, channels: int = 3, **more: Any) -> DatasetPlan:
    return DatasetPlan(
        n=n,
        img_size=SIDE,
        channels=channels,
        class_names=["a", "b"],
        bands=default_bands(channels),
        provenance={"kind": "test"},
        **more,
    )


def pixels(n: int = N, channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, SIDE, SIDE, channels), dtype=np.uint8)


def block(images: np.ndarray, start: int = 0) -> GalaxyBlock:
    rows = np.arange(start, start + len(images))
    return GalaxyBlock(images, rows % 3 - 1, [f"galaxy é {row}" for row in rows], {"ra": rows * 1.0})


def write(folder: Path, images: np.ndarray, name: str = "d", **more: Any) -> Path:
    with StoreWriter(folder, name, "t", plan(len(images), images.shape[3], **more)) as writer:
        for start in range(0, len(images), 25):
            writer.append(block(images[start : start + 25], start))
        return writer.finish()


def test_what_is_appended_in_blocks_is_read_back(store_folder: Path) -> None:
    images = pixels()
    with GalaxyStore.open(write(store_folder, images)) as store:
        assert (store.n, store.img_size, store.channels) == (N, SIDE, 3)
        assert (store.images(np.arange(N)) == images).all()
        assert store.labels[:4].tolist() == [-1, 0, 1, -1]
        assert store.source_ids[7] == "galaxy é 7"
        assert store.ra[7] == 7.0
        assert np.isnan(store.dec).all()
        assert store.provenance["kind"] == "test"


def test_rows_come_in_the_order_asked_repeats_included(store_folder: Path) -> None:
    images = pixels()
    rows = np.array([59, 0, 7, 7, 3])
    with GalaxyStore.open(write(store_folder, images)) as store:
        assert (store.images(rows) == images[rows]).all()
        assert store.images(np.array([], np.int64)).shape == (0, SIDE, SIDE, 3)


def test_a_row_outside_the_dataset_is_an_error_and_not_the_last_row(store_folder: Path) -> None:
    with GalaxyStore.open(write(store_folder, pixels())) as store, pytest.raises(ValueError, match="-1"):
        store.images(np.array([-1]))


def test_every_read_of_pixels_is_told_to_the_recorder(store_folder: Path) -> None:
    seen: list[int] = []
    with GalaxyStore.open(write(store_folder, pixels()), lambda rows: seen.extend(rows.tolist())) as store:
        load_images(store, split_rows(store, Split.TRAIN), SIDE, None)
        assert sorted(seen) == split_rows(store, Split.TRAIN).tolist()
        assert not set(seen) & set(split_rows(store, Split.TEST).tolist())


def test_opening_and_describing_read_no_pixels(store_folder: Path) -> None:
    path = write(store_folder, pixels())
    seen: list[int] = []
    GalaxyStore.open(path, lambda rows: seen.extend(rows.tolist())).close()
    described = describe(path, "d")
    assert seen == []
    assert described.n == N
    assert described.class_counts == {"a": 20, "b": 20}
    assert described.unlabelled == 20
    assert sum(described.split_counts.values()) == N
    assert described.size_bytes == path.stat().st_size


def test_the_file_is_contiguous_and_opens_as_galaxy10(store_folder: Path) -> None:
    with h5py.File(write(store_folder, pixels()), "r") as file:
        assert file["images"].chunks is None
        assert file["images"].compression is None
        assert {
            "images",
            "ans",
            "ra",
            "dec",
            "redshift",
            "pxscale",
            "split",
            "source_id",
            "image_hash",
        } <= set(file)
        assert file["images"].dtype == np.uint8


def test_channel_statistics_are_those_of_the_train_rows(store_folder: Path) -> None:
    images = pixels()
    with GalaxyStore.open(write(store_folder, images)) as store:
        train = images[store.splits == 0].astype(np.float64) / 255
        assert store.channel_mean == pytest.approx(train.mean(axis=(0, 1, 2)), abs=1e-6)
        assert store.channel_std == pytest.approx(train.std(axis=(0, 1, 2)), abs=1e-6)


def test_the_digest_is_sha256_of_pixels_labels_and_split(store_folder: Path) -> None:
    images = pixels()
    with GalaxyStore.open(write(store_folder, images)) as store:
        parts = images.tobytes() + store.labels.astype("<i8").tobytes() + store.splits.tobytes()
        assert store.digest == hashlib.sha256(parts).hexdigest()


def test_one_changed_pixel_or_another_split_changes_the_digest(store_folder: Path) -> None:
    images = pixels()
    changed = images.copy()
    changed[30, 5, 5, 1] ^= 1
    digests = {
        describe(write(store_folder, images, "same"), "x").digest,
        describe(write(store_folder, images, "again"), "x").digest,
        describe(write(store_folder, changed, "pixel"), "x").digest,
        describe(write(store_folder, images, "split", split_seed=9), "x").digest,
    }
    assert len(digests) == 3


def test_copies_across_splits_are_counted_in_the_description(store_folder: Path) -> None:
    images = np.repeat(pixels(1), N, axis=0)
    described = describe(write(store_folder, images), "d")
    held_out = described.split_counts["val"] + described.split_counts["test"]
    assert described.duplicates_across_splits == held_out > 0
    assert describe(write(store_folder, pixels(), "other"), "other").duplicates_across_splits == 0


def test_fewer_rows_than_planned_make_a_smaller_file(store_folder: Path) -> None:
    images = pixels()
    skipped = SkipLog()
    skipped.add("bad.png", "broken")
    with StoreWriter(store_folder, "d", "t", plan(500)) as writer:
        writer.append(block(images))
        path = writer.finish(skipped)
    assert path.stat().st_size < 2 * images.nbytes
    described = describe(path, "d")
    assert (described.n, described.skipped_count, described.skipped[0].source) == (N, 1, "bad.png")
    with GalaxyStore.open(path) as store:
        assert (store.images(np.arange(N)) == images).all()


def test_an_exception_while_writing_leaves_nothing(store_folder: Path) -> None:
    with pytest.raises(RuntimeError), StoreWriter(store_folder, "d", "t", plan()) as writer:
        writer.append(block(pixels(20)))
        raise RuntimeError("stop")
    assert list(store_folder.iterdir()) == []


def test_a_partial_file_is_hidden_until_it_is_renamed(store_folder: Path) -> None:
    with StoreWriter(store_folder, "d", "t", plan()) as writer:
        writer.append(block(pixels()))
        assert [path.name for path in store_folder.iterdir()] == [".d.t.partial"]
        writer.finish()
    assert [path.name for path in store_folder.iterdir()] == ["d.h5"]


def test_cleaning_up_removes_the_partials_of_that_token_only(store_folder: Path) -> None:
    for name in (".a.run-1.partial", ".b.run-1.partial", ".c.run-10.partial", "a.h5"):
        (store_folder / name).touch()
    cleanup_partials(store_folder, "run-1")
    assert sorted(path.name for path in store_folder.iterdir()) == [".c.run-10.partial", "a.h5"]
    cleanup_partials(store_folder / "absent", "run-1")


def test_a_file_name_that_is_taken_gets_the_token_and_the_old_file_stays(store_folder: Path) -> None:
    digest = describe(write(store_folder, pixels()), "d").digest
    assert write(store_folder, pixels(seed=1)).name == "d.t.h5"
    assert describe(store_folder / "d.h5", "d").digest == digest
    with pytest.raises(DataError, match=r"d\.t\.h5 exists already"):
        write(store_folder, pixels(seed=2))
    assert sorted(path.name for path in store_folder.iterdir()) == ["d.h5", "d.t.h5"]


def with_columns(start: int, images: np.ndarray, splits: np.ndarray, groups: np.ndarray) -> GalaxyBlock:
    made = block(images, start)
    made.splits, made.groups = splits.astype(np.uint8), groups
    return made


def test_a_split_that_came_with_the_rows_is_kept_though_some_were_skipped(store_folder: Path) -> None:
    splits = np.arange(N) % 3
    groups = np.full(N, -1)
    with StoreWriter(store_folder, "d", "t", plan(N + 40)) as writer:
        writer.append(with_columns(0, pixels()[:20], splits[:20], groups[:20]))
        writer.append(with_columns(20, pixels()[20:], splits[20:], groups[20:]))
        path = writer.finish()
    with GalaxyStore.open(path) as store:
        assert store.splits.tolist() == splits.tolist()
        assert "groups_across_splits" not in store.provenance


def test_a_given_split_that_divides_groups_is_kept_and_the_groups_are_counted(store_folder: Path) -> None:
    groups = np.full(N, -1)
    groups[[0, 1]], groups[[2, 5]] = 7, 8  # splits 0 and 1 in the first group, 2 and 2 in the second
    with StoreWriter(store_folder, "d", "t", plan()) as writer:
        writer.append(with_columns(0, pixels(), np.arange(N) % 3, groups))
        path = writer.finish()
    with GalaxyStore.open(path) as store:
        assert store.provenance["groups_across_splits"] == 1
        assert store.splits[:2].tolist() == [0, 1]


def test_rows_of_a_given_group_stay_in_one_split(store_folder: Path) -> None:
    groups = np.arange(N) // 2
    for seed in range(5):
        with StoreWriter(store_folder, f"d{seed}", "t", plan(split_seed=seed)) as writer:
            made = block(pixels())
            made.groups = groups
            writer.append(made)
            path = writer.finish()
        with GalaxyStore.open(path) as store:
            assert (store.splits[0::2] == store.splits[1::2]).all()


def test_stretch_sky_and_redshifts_are_described(store_folder: Path) -> None:
    made = block(pixels())
    made.sky = {
        "ra": np.full(N, 10.0),
        "dec": np.where(np.arange(N) < 3, 5.0, np.nan),
        "redshift": np.where(np.arange(N) < 2, np.arange(N) / 10 + 0.1, np.nan),
    }
    display = [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    with StoreWriter(store_folder, "d", "t", plan(stretch="linear", display=display)) as writer:
        writer.append(made)
        path = writer.finish()
    described = describe(path, "d")
    assert (described.stretch, described.with_sky) == ("linear", 3)
    assert described.redshift_range == (0.1, 0.2)
    with GalaxyStore.open(path) as store:
        assert store.display.tolist() == display


def test_a_dataset_larger_than_the_disk_is_refused_before_it_starts(store_folder: Path) -> None:
    with pytest.raises(DataError, match=r"needs [\d,.]+ GB but [\d,.]+ GB are free"):
        StoreWriter(store_folder, "d", "t", plan(10**12))
    assert list(store_folder.iterdir()) == []


def test_nine_images_are_too_few(store_folder: Path) -> None:
    with pytest.raises(DataError, match="Only 9 images"):
        write(store_folder, pixels(9))
    assert list(store_folder.iterdir()) == []


def test_a_galaxy10_file_that_is_not_of_the_store_is_refused_by_open(
    galaxy10_file: Callable[..., Path],
) -> None:
    with pytest.raises(DataError, match="not made by Galaxyscope"):
        GalaxyStore.open(galaxy10_file())


@pytest.mark.parametrize(
    ("channels", "expected"),
    [(1, [9, 9, 9]), (2, [200, 105, 9]), (3, [9, 200, 30]), (4, [30, 200, 9]), (5, [77, 30, 200])],
)
def test_bands_are_shown_as_red_green_blue(store_folder: Path, channels: int, expected: list[int]) -> None:
    # 9, 200, 30, 77, 5 in the bands: grey; blue and red with their mean (104.5 → 104 or 105) between; as is;
    # griz shows i, r, g; ugriz shows i, r, g.
    images = np.broadcast_to(np.array([9, 200, 30, 77, 5], np.uint8)[:channels], (N, SIDE, SIDE, channels))
    with GalaxyStore.open(write(store_folder, np.ascontiguousarray(images))) as store:
        shown = store.rgb(store.images(np.array([0])))
        assert shown.dtype == np.uint8
        assert shown[0, 0, 0].astype(int) == pytest.approx(expected, abs=1)


def test_labelled_rows_of_a_split(store_folder: Path) -> None:
    with GalaxyStore.open(write(store_folder, pixels())) as store:
        rows = split_rows(store, Split.TRAIN, labelled_only=True)
        assert (store.labels[rows] >= 0).all()
        assert (store.splits[rows] == 0).all()
        assert len(rows) == int(((store.splits == 0) & (store.labels >= 0)).sum())


def test_rows_of_the_models_size_are_loaded_untouched(store_folder: Path) -> None:
    images = pixels()
    with GalaxyStore.open(write(store_folder, images)) as store:
        assert (load_images(store, np.arange(5), SIDE, None) == images[:5]).all()
        assert (load_images(store, np.arange(5), 8, 8) == images[:5, 4:12, 4:12]).all()


def test_shrinking_averages_and_does_not_skip(store_folder: Path) -> None:
    checker = (np.indices((SIDE, SIDE)).sum(axis=0) % 2 * 255).astype(np.uint8)
    images = np.repeat(np.repeat(checker[None, :, :, None], N, axis=0), 5, axis=3)
    with GalaxyStore.open(write(store_folder, images)) as store:
        small = load_images(store, np.arange(3), 4, None)
        assert small.shape == (3, 4, 4, 5)
        assert (np.abs(small.astype(int) - 127) <= 16).all()
