"""Masks to choose from: orders in which the patches of one image are removed.

Ranks (L,) give the order: rank 0 is removed last. For every kind, the visible patches at a ratio are the
L − removed_patches(L, ratio) of lowest rank, so masks nest as they do in training (docs/science.md §3.2).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor

from backend.errors import InvalidInputError
from shared.configs import removed_patches
from shared.contract.reconstruction import Masking, MaskKind

BLOCKS_A_SIDE = 4
RING_RADIUS = 0.6
"""Of the half side of the image."""

Noise = NDArray[np.float64]


@dataclass(frozen=True)
class ChosenMasks:
    """Masks (L,) in the order of their seeds; the ranks of the first, empty for a mask drawn by hand."""

    ranks: list[int]
    masks: list[Tensor]


def choose_masks(masking: Masking, count: int, grid: int) -> ChosenMasks:
    """The masks of `count` seeds from masking.seed on, or the one drawn by hand. Raises InvalidInputError."""
    if masking.hidden is not None:
        return ChosenMasks([], [mask_of(masking.hidden, grid * grid)])
    seeds = range(masking.seed, masking.seed + count)
    ranks = [patch_ranks(masking.kind, seed, grid) for seed in seeds]
    return ChosenMasks(ranks[0].tolist(), [mask_at(order, masking.ratio) for order in ranks])


def patch_ranks(kind: MaskKind, seed: int, grid: int) -> Tensor:
    """Ranks (L,) int64 of the patches of a grid × grid image, row by row.

    uniform: the order of torch.rand(L) under torch.manual_seed(seed), as in training; block: contiguous
    patches together; core: from the centre outwards; ring: a ring first, centre and corners last; half: from
    one side, chosen by the seed; grid: a checkerboard, one colour after the other."""
    chance = _uniform(seed, grid * grid)
    if kind == "uniform":
        return _ranks_of(chance)
    # Ties of a shape are broken at random.
    order = np.lexsort((chance.numpy(), _shape(kind, seed, grid).round(6).ravel()))
    return torch.from_numpy(order).argsort()


def mask_at(ranks: Tensor, ratio: float) -> Tensor:
    """Mask (L,) float32 of a ratio: 0 keep, 1 remove."""
    length = len(ranks)
    return (ranks >= length - removed_patches(length, ratio)).float()


def mask_of(hidden: Sequence[int], length: int) -> Tensor:
    """Mask (L,) float32 that removes the patches `hidden`; InvalidInputError for an unknown one."""
    for patch in hidden:
        if not 0 <= patch < length:
            why = f"there is no patch {patch} to hide; this model has patches 0 to {length - 1}"
            raise InvalidInputError("no_such_patch", why, "masking.hidden")
    mask = torch.zeros(length)
    mask[list(hidden)] = 1.0
    return mask


def _ranks_of(noise: Tensor) -> Tensor:
    return noise.argsort(stable=True).argsort()


def _uniform(seed: int, count: int) -> Tensor:
    return torch.rand(count, generator=torch.Generator().manual_seed(seed))


def _shape(kind: MaskKind, seed: int, grid: int) -> Noise:
    """Noise (grid, grid) whose largest values are removed first."""
    if kind == "block":
        return _smooth_noise(seed, grid)
    if kind == "grid":
        rows, columns = np.indices((grid, grid))
        return ((rows + columns + seed) % 2).astype(np.float64)
    axis = (np.arange(grid) + 0.5) / grid * 2 - 1  # patch centres, −1 to 1
    if kind == "half":
        return np.rot90(np.broadcast_to(axis[:, None], (grid, grid)), seed % 4).copy()
    distance = np.hypot(axis[:, None], axis[None, :])
    if kind == "core":
        return -distance
    from_ring = distance - RING_RADIUS
    return -np.where(from_ring < 0, -from_ring / RING_RADIUS, from_ring)  # the centre last, with the corners


def _smooth_noise(seed: int, grid: int) -> Noise:
    """White noise blurred until about BLOCKS_A_SIDE hills fit along a side."""
    white = np.random.default_rng(seed).standard_normal((grid, grid))
    smooth: Noise = gaussian_filter(white, sigma=max(grid / BLOCKS_A_SIDE / 2, 0.7), mode="reflect")
    return smooth
