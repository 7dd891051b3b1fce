"""The order in which patches vanish: nested for every kind, and that of training where it is uniform."""

from typing import get_args

import pytest
import torch

from backend.errors import InvalidInputError
from backend.ml.explore.masks import choose_masks, mask_at, mask_of, patch_ranks
from backend.ml.mae.patches import mask_ids
from shared.configs import removed_patches
from shared.contract.reconstruction import Masking, MaskKind
from tests.data.conftest import raises

KINDS = get_args(MaskKind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("grid", [1, 4, 7, 14])
def test_patches_only_ever_vanish_as_the_ratio_grows(kind: MaskKind, grid: int) -> None:
    ranks = patch_ranks(kind, 3, grid)
    assert sorted(ranks.tolist()) == list(range(grid * grid))
    before = torch.zeros(grid * grid)
    for percent in range(101):
        mask = mask_at(ranks, percent / 100)
        assert int(mask.sum()) == removed_patches(grid * grid, percent / 100)
        assert bool((mask >= before).all())
        before = mask
    assert mask_at(ranks, 0).sum() == 0
    assert mask_at(ranks, 1).sum() == grid * grid


@pytest.mark.parametrize("ratio", [0.05, 0.5, 0.75, 0.9])
def test_a_uniform_mask_is_that_of_training_for_the_noise_of_its_seed(ratio: float) -> None:
    noise = torch.rand(196, generator=torch.Generator().manual_seed(11))
    _, _, mask = mask_ids(noise.unsqueeze(0), ratio)
    assert torch.equal(mask_at(patch_ranks("uniform", 11, 14), ratio), mask[0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_one_mask_and_another_seed_another(kind: MaskKind) -> None:
    assert torch.equal(patch_ranks(kind, 5, 8), patch_ranks(kind, 5, 8))
    assert not torch.equal(patch_ranks(kind, 5, 8), patch_ranks(kind, 6, 8))


def shown(kind: MaskKind, ratio: float, grid: int, seed: int = 0) -> list[str]:
    mask = mask_at(patch_ranks(kind, seed, grid), ratio).view(grid, grid)
    return ["".join("#" if value else "." for value in row) for row in mask]


def test_core_takes_the_centre_first() -> None:
    assert shown("core", 4 / 36, 6) == ["......", "......", "..##..", "..##..", "......", "......"]


def test_ring_spares_the_centre_and_the_corners() -> None:
    assert shown("ring", 12 / 36, 6) == ["......", ".####.", ".#..#.", ".#..#.", ".####.", "......"]
    assert patch_ranks("ring", 0, 7).view(7, 7)[3, 3] < 5


def test_half_hides_one_side_which_the_seed_chooses() -> None:
    sides = [shown("half", 0.5, 4, seed) for seed in range(4)]
    assert sorted(sides) == sorted(
        [
            ["####", "####", "....", "...."],
            ["....", "....", "####", "####"],
            ["##..", "##..", "##..", "##.."],
            ["..##", "..##", "..##", "..##"],
        ]
    )


def test_grid_is_a_checkerboard_at_one_half() -> None:
    board = shown("grid", 0.5, 4)
    assert board in ([".#.#", "#.#.", ".#.#", "#.#."], ["#.#.", ".#.#", "#.#.", ".#.#"])


def test_a_block_hides_patches_that_lie_together() -> None:
    """Neighbours of hidden patches are hidden far more often than under a uniform mask."""

    def borders(kind: MaskKind) -> int:
        total = 0
        for seed in range(20):
            mask = mask_at(patch_ranks(kind, seed, 12), 0.5).view(12, 12)
            total += int((mask[1:] != mask[:-1]).sum() + (mask[:, 1:] != mask[:, :-1]).sum())
        return total

    assert borders("block") < 0.4 * borders("uniform")


def test_a_mask_by_hand_wins_over_ratio_and_kind() -> None:
    chosen = choose_masks(Masking(ratio=0.9, kind="core", hidden=(0, 3, 3)), 5, 2)
    assert [mask.tolist() for mask in chosen.masks] == [[1, 0, 0, 1]]
    assert chosen.ranks == []
    assert mask_of([], 4).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("patch", [-1, 16, 10**9])
def test_an_unknown_patch_is_named(patch: int) -> None:
    with raises(InvalidInputError, "no_such_patch", str(patch), "0 to 15"):
        mask_of([0, patch], 16)


def test_an_average_takes_the_masks_of_the_seeds_that_follow() -> None:
    chosen = choose_masks(Masking(ratio=0.5, seed=7), 3, 4)
    expected = [mask_at(patch_ranks("uniform", seed, 4), 0.5) for seed in (7, 8, 9)]
    assert all(torch.equal(mask, other) for mask, other in zip(chosen.masks, expected, strict=True))
    assert chosen.ranks == patch_ranks("uniform", 7, 4).tolist()
