"""Patches, masks and positions."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from backend.ml.mae.patches import gather_patches, mask_ids, patchify, random_masking, sincos_2d, unpatchify


def test_a_patch_lists_its_pixels_by_row_column_and_channel() -> None:
    height, width, channels = 4, 4, 2
    # The value of a pixel spells (row, column, channel) in decimal.
    imgs = torch.tensor(
        [[[[100 * r + 10 * x + c for x in range(width)] for r in range(height)] for c in range(channels)]]
    )
    patches = patchify(imgs, 2)
    assert patches.shape == (1, 4, 8)
    assert patches[0, 0].tolist() == [0, 1, 10, 11, 100, 101, 110, 111]
    assert patches[0, 1].tolist() == [20, 21, 30, 31, 120, 121, 130, 131]  # to the right of the first
    assert patches[0, 2].tolist() == [200, 201, 210, 211, 300, 301, 310, 311]  # below it


@given(
    channels=st.integers(1, 5),
    rows=st.integers(1, 4),
    columns=st.integers(1, 4),
    p=st.sampled_from([1, 2, 3, 5]),
)
def test_unpatchify_undoes_patchify(channels: int, rows: int, columns: int, p: int) -> None:
    imgs = torch.rand(2, channels, rows * p, columns * p)
    assert torch.equal(unpatchify(patchify(imgs, p), p, (rows, columns)), imgs)


def test_a_patch_that_does_not_divide_the_image_is_named() -> None:
    with pytest.raises(ValueError, match="patch_size 5 does not divide an image of 16 × 16"):
        patchify(torch.zeros(1, 3, 16, 16), 5)


@pytest.mark.parametrize(
    ("length", "ratio", "removed"),
    [(196, 0.75, 147), (100, 0.9, 90), (64, 0.6, 38), (10, 0.25, 3), (64, 0.05, 3)],
)
def test_exactly_the_rounded_share_is_removed_from_every_row(length: int, ratio: float, removed: int) -> None:
    ids_keep, ids_remove, mask = mask_ids(torch.rand(7, length), ratio)
    assert mask.sum(dim=1).tolist() == [removed] * 7
    assert (ids_keep.shape[1], ids_remove.shape[1]) == (length - removed, removed)


def test_masks_nest_as_the_ratio_grows_when_the_noise_is_fixed() -> None:
    noise = torch.rand(5, 64)
    masks = [mask_ids(noise, ratio / 100)[2] for ratio in range(5, 100, 5)]
    for smaller, larger in zip(masks, masks[1:], strict=False):
        assert bool((larger >= smaller).all())


def test_the_patches_of_least_noise_are_kept() -> None:
    noise = torch.tensor([[0.9, 0.1, 0.5, 0.3]])
    visible, mask, ids_keep, ids_remove = random_masking(torch.arange(4.0).reshape(1, 4, 1), 0.5, noise)
    assert visible.flatten().tolist() == [1, 3]
    assert mask.tolist() == [[1, 0, 1, 0]]
    assert (ids_keep.tolist(), ids_remove.tolist()) == ([[1, 3]], [[0, 2]])


def test_every_patch_is_as_likely_to_be_kept() -> None:
    kept = 1 - mask_ids(torch.rand(20_000, 16), 0.75)[2].mean(dim=0)
    assert kept.sub(0.25).abs().max() < 4 * math.sqrt(0.25 * 0.75 / 20_000)


def test_gather_takes_the_named_patches_of_each_image() -> None:
    x = torch.arange(12).reshape(2, 3, 2)
    assert gather_patches(x, torch.tensor([[2, 0], [1, 1]])).tolist() == [[[4, 5], [0, 1]], [[8, 9], [8, 9]]]


def test_positions_encode_x_in_the_first_half_and_y_in_the_second() -> None:
    embed = sincos_2d(8, grid_height=2, grid_width=3)
    assert embed.shape == (1, 7, 8)
    assert embed[0, 0].tolist() == [0.0] * 8  # the class token
    row, column = 1, 2
    omegas = (1.0, 0.01)  # 10000^(−k/2), k = 0, 1
    expected = [f(place * w) for place in (column, row) for f in (math.sin, math.cos) for w in omegas]
    assert embed[0, 1 + row * 3 + column].tolist() == pytest.approx(expected, abs=1e-7)


def test_a_width_that_sin_cos_cannot_fill_is_named() -> None:
    with pytest.raises(ValueError, match="embed_dim 6 is no multiple of 4"):
        sincos_2d(6, 2, 2)
