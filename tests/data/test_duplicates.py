"""Near-duplicates of held-out galaxies in another split: equal, nearly equal, turned or mirrored."""

import numpy as np
import pytest
from numpy.typing import NDArray

from backend.data.duplicates import NearDuplicate, find_near_duplicates, pairs_json, read_pairs, thumbnails
from backend.data.layout import Pixels

TRAIN, VAL, TEST = 0, 1, 2


def spots(n: int, seed: int) -> Pixels:
    """(n, 16, 16) thumbnails without any symmetry, each unlike the others."""
    return np.random.default_rng(seed).integers(0, 256, (n, 16, 16), dtype=np.uint8)


def splits(*codes: int) -> NDArray[np.uint8]:
    return np.array(codes, np.uint8)


def test_an_equal_turned_or_mirrored_copy_is_found_and_named() -> None:
    first = spots(1, 0)[0]
    views = {
        "same": [first],
        "turned": [np.rot90(first, turn) for turn in (1, 2, 3)],
        "mirrored": [np.rot90(first[:, ::-1], turn) for turn in range(4)],
    }
    for how, copies in views.items():
        for copy in copies:
            found = find_near_duplicates(np.stack([first, copy]), splits(TRAIN, TEST))
            assert found == (1, (NearDuplicate(1, 0, how, 0.0),))


def test_the_distance_is_the_rms_in_levels_and_ends_at_five_quarters() -> None:
    base = np.full((16, 16), 100, np.uint8)
    for pixels, change, rms in ((64, 1, 0.5), (25, 4, 1.25)):
        # 64 pixels one level up: √(64/256) = 0.5; 25 by ±4: √(25·16/256) = 1.25.
        near = base.astype(int).copy()
        near.reshape(-1)[:pixels] += change * (-1) ** np.arange(pixels) if change > 1 else change
        found = find_near_duplicates(np.stack([base, near]).astype(np.uint8), splits(TRAIN, VAL))
        assert [pair.rms for pair in found[1]] == [rms]
    beyond = base.astype(int).copy()
    beyond.reshape(-1)[:26] += 4 * (-1) ** np.arange(26)  # √(26·16/256) = 1.275
    assert find_near_duplicates(np.stack([base, beyond]).astype(np.uint8), splits(TRAIN, VAL))[0] == 0


def test_a_shift_of_one_level_is_near_and_of_two_is_not() -> None:
    flat = np.stack([np.full((16, 16), level, np.uint8) for level in (50, 51, 52)])
    assert find_near_duplicates(flat[:2], splits(TRAIN, VAL))[1] == (NearDuplicate(1, 0, "same", 1.0),)
    assert find_near_duplicates(flat[[0, 2]], splits(TRAIN, VAL))[0] == 0


def test_only_held_out_rows_count_and_only_twins_in_another_split() -> None:
    first, second, third = spots(3, 1)
    thumbs = np.stack([first, first, first, second, second, third])
    found = find_near_duplicates(thumbs, splits(TRAIN, TRAIN, TEST, VAL, VAL, TEST))
    assert found == (1, (NearDuplicate(2, 0, "same", 0.0),))
    between = find_near_duplicates(thumbs[3:5], splits(VAL, TEST))
    assert [(pair.row, pair.other) for pair in between[1]] == [(0, 1), (1, 0)]


def test_every_equal_row_is_counted_and_named() -> None:
    first = spots(1, 2)[0]
    found = find_near_duplicates(np.stack([first] * 6), splits(TRAIN, TEST, TEST, TRAIN, TEST, VAL))
    assert found[0] == 4
    assert [pair.row for pair in found[1]] == [1, 2, 4, 5]


def test_the_nearest_is_named() -> None:
    first = spots(1, 3)[0] // 2
    close, closer = first.astype(int).copy(), first.astype(int).copy()
    close[:, 0] += 1
    closer[0, 0] += 1
    thumbs = np.stack([close, closer, first]).astype(np.uint8)
    assert find_near_duplicates(thumbs, splits(TRAIN, TRAIN, TEST))[1] == (
        NearDuplicate(2, 1, "same", 0.062),
    )


def test_two_hundred_pairs_are_kept_and_all_are_counted() -> None:
    one = spots(300, 4)
    found = find_near_duplicates(np.concatenate([one, one]), np.repeat(splits(TRAIN, TEST), 300))
    assert found[0] == 300
    assert [pair.row for pair in found[1]] == list(range(300, 500))


def test_the_search_along_the_means_equals_a_comparison_of_every_pair() -> None:
    n, rng = 180, np.random.default_rng(5)
    base = rng.integers(90, 94, (40, 16, 16))
    thumbs = np.stack([np.rot90(base[pick], rng.integers(4)) for pick in rng.integers(0, 40, n)])
    thumbs = (thumbs + rng.integers(-1 - (np.arange(n) % 2)[:, None, None], 2, thumbs.shape)).astype(np.uint8)
    codes = rng.integers(0, 3, n).astype(np.uint8)
    values = thumbs.astype(float)
    near = np.zeros((n, n), bool)
    for mirrored in (values, values[:, :, ::-1]):
        for turn in range(4):
            view = np.rot90(mirrored, turn, (1, 2))
            near |= ((view[:, None] - values[None]) ** 2).mean(axis=(2, 3)) <= 1.25**2
    near &= codes[:, None] != codes[None]
    expected = int((near.any(axis=1) & (codes != TRAIN)).sum())
    assert find_near_duplicates(thumbs, codes)[0] == expected
    assert 20 < expected < int((codes != TRAIN).sum()) - 20


@pytest.mark.parametrize("side", [16, 20, 64, 69])
def test_a_turned_galaxy_is_found_at_any_size(side: int) -> None:
    y, x = np.mgrid[:side, :side] / side
    galaxy = 20 + 200 * np.exp(-20 * (x - 0.4) ** 2 - 60 * (y - 0.6 - 0.3 * x) ** 2)
    for how, copy in (("turned", np.rot90(galaxy, 3)), ("mirrored", galaxy[::-1])):
        images = np.stack([galaxy, copy])[..., None].round().astype(np.uint8)
        found = find_near_duplicates(thumbnails(images), splits(TRAIN, VAL))
        assert [(pair.row, pair.how) for pair in found[1]] == [(1, how)]


def test_pairs_survive_being_written() -> None:
    pairs = [NearDuplicate(3, 1, "mirrored", 0.25), NearDuplicate(7, 2, "same", 1.25)]
    assert read_pairs(pairs_json(pairs)) == pairs
    assert read_pairs(pairs_json([])) == []
