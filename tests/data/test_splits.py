"""Splits: stratified, seeded, and groups kept whole; near-duplicates counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.data.duplicates import difference_hash, find_near_duplicates, thumbnails
from backend.data.splits import find_groups, make_splits
from backend.errors import DataError


def unknown(n: int) -> np.ndarray:
    return np.full(n, np.nan)


def test_every_class_is_split_eighty_ten_ten() -> None:
    labels = np.repeat([0, 1, 2], [100, 200, 50])
    splits = make_splits(labels, np.arange(350), seed=3)
    for label, size in enumerate((100, 200, 50)):
        counts = np.bincount(splits[labels == label], minlength=3).tolist()
        assert counts == [size * 8 // 10, size // 10, size // 10]


def test_a_class_of_six_is_seen_in_every_split() -> None:
    labels = np.repeat(np.arange(10), 6)
    splits = make_splits(labels, np.arange(60), seed=0)
    for label in range(10):
        assert np.bincount(splits[labels == label]).tolist() == [4, 1, 1]


def test_tiny_classes_still_leave_validation_and_test_rows() -> None:
    splits = make_splits(np.arange(20) // 2, np.arange(20), seed=0)
    assert np.bincount(splits, minlength=3).tolist() == [16, 2, 2]


def test_the_seed_decides_the_split() -> None:
    labels = np.zeros(100, np.int64)
    rows = np.arange(100)
    assert (make_splits(labels, rows, 1) == make_splits(labels, rows, 1)).all()
    assert (make_splits(labels, rows, 1) != make_splits(labels, rows, 2)).any()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30)), min_size=20, max_size=120), st.integers(0, 99)
)
def test_a_group_is_never_split(rows: list[tuple[int, int]], seed: int) -> None:
    labels = np.array([label for label, _ in rows])
    _, groups = np.unique([group for _, group in rows], return_inverse=True)
    splits = make_splits(labels, groups, seed)
    for group in np.unique(groups):
        assert len(np.unique(splits[groups == group])) == 1


def test_rows_of_one_source_stand_in_one_group() -> None:
    ids = ["a", "b", "a", "c", "b"] + [f"x{i}" for i in range(95)]
    groups = find_groups(ids, unknown(100), unknown(100), unknown(100), 64)
    assert groups[0] == groups[2]
    assert groups[1] == groups[4]
    assert len(np.unique(groups)) == 98


def test_galaxies_nearer_than_half_a_frame_stand_in_one_group() -> None:
    # 64 px of 0.5 arcsec: half a frame is 16 arcsec. 12 and 20 arcsec in declination, far from the rest.
    n = 100
    ra, dec = np.linspace(10, 100, n), np.full(n, 20.0)
    ra[1] = ra[0]
    dec[1] = dec[0] + 12 / 3600
    ra[2] = ra[0]
    dec[2] = dec[0] - 20 / 3600
    groups = find_groups([str(i) for i in range(n)], ra, dec, np.full(n, 0.5), 64)
    assert groups[0] == groups[1]
    assert groups[0] != groups[2]


def test_five_arcsec_are_taken_where_the_scale_is_unknown_and_right_ascension_wraps() -> None:
    n = 100
    ra, dec = np.linspace(10, 100, n), np.zeros(n)
    ra[0], ra[1], ra[2] = 359.9995, 0.0005, 0.0025  # 3.6 and 7.2 arcsec apart across 0 h
    groups = find_groups([str(i) for i in range(n)], ra, dec, unknown(n), 64)
    assert groups[0] == groups[1]
    assert groups[1] != groups[2]


def test_a_group_of_over_one_percent_is_refused_with_advice() -> None:
    ids = ["same"] * 30 + [str(i) for i in range(1970)]
    with pytest.raises(DataError, match=r"30 of 2000 rows .*at most 20 may\).*source_id"):
        find_groups(ids, unknown(2000), unknown(2000), unknown(2000), 64)


def test_a_thousand_rows_at_one_place_on_the_sky_are_refused_at_once() -> None:
    n = 3000
    with pytest.raises(DataError, match="3000 of 3000"):
        find_groups([str(i) for i in range(n)], np.zeros(n), np.zeros(n), unknown(n), 64)


def test_pairs_are_allowed_in_a_dataset_of_twenty() -> None:
    ids = [str(i // 2) for i in range(20)]
    groups = find_groups(ids, unknown(20), unknown(20), unknown(20), 64)
    assert np.bincount(groups).tolist() == [2] * 10


def blobs(n: int, seed: int) -> np.ndarray:
    """(n, 32, 32, 3) smooth spots at random places."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:32, :32]
    cx, cy, width = rng.uniform(8, 24, (3, n, 1, 1))
    spot = 200 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * (width / 4) ** 2)) + 20
    return np.repeat(spot[..., None], 3, axis=3).round().astype(np.uint8)


def test_a_copy_with_faint_noise_across_splits_is_counted_once_a_held_out_row() -> None:
    images = blobs(40, 0)
    noise = np.random.default_rng(1).integers(-1, 2, images[:3].shape)
    images[20:23] = np.clip(images[:3].astype(int) + noise, 0, 255)
    splits = np.zeros(40, np.uint8)
    splits[20:22] = 2  # copies of rows 0 and 1 in test, that of row 2 stays in train
    assert find_near_duplicates(thumbnails(images), splits)[0] == 2


def test_different_galaxies_are_no_duplicates() -> None:
    thumbs = thumbnails(blobs(200, 2))
    splits = (np.arange(200) % 3).astype(np.uint8)
    assert find_near_duplicates(thumbs, splits)[0] == 0


def test_flat_images_of_different_brightness_share_a_hash_and_are_told_apart() -> None:
    images = np.stack([np.full((16, 16, 1), level, np.uint8) for level in (10, 100, 101)])
    thumbs = thumbnails(images)
    assert len(set(difference_hash(thumbs).tolist())) == 1
    assert find_near_duplicates(thumbs, np.array([0, 0, 1], np.uint8))[0] == 1


@pytest.mark.parametrize("size", [8, 16, 20, 69, 256])
def test_a_thumbnail_keeps_the_mean_of_each_cell(size: int) -> None:
    ramp = np.broadcast_to(
        (np.arange(size) * 255 / size).astype(np.uint8)[None, None, :, None], (1, size, size, 1)
    )
    thumb = thumbnails(np.ascontiguousarray(ramp))[0]
    assert thumb.shape == (16, 16)
    assert (np.diff(thumb.astype(int), axis=1) >= 0).all()
    assert abs(float(thumb.mean()) - float(ramp.mean())) < 1
