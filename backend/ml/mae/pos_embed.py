"""Fixed two-dimensional sine-cosine position embeddings (docs/science.md §3.3)."""

import torch
from torch import Tensor


def sincos_1d(embed_dim: int, positions: Tensor) -> Tensor:
    """(M, embed_dim): sines then cosines of `positions` (M,) at ω_k = 10000^(−k/(embed_dim/2))."""
    half = embed_dim // 2
    omega = 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = positions.to(torch.float64).reshape(-1, 1) * omega  # (M, D/2)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def sincos_2d(embed_dim: int, grid_height: int, grid_width: int) -> Tensor:
    """(1, 1 + L, embed_dim) float32: zeros for the class token, then L = grid_height · grid_width patches row
    by row.

    The first half of the width encodes x (the column), the second y (the row), as the published MAE weights
    do.
    """
    if embed_dim % 4:
        raise ValueError(f"embed_dim {embed_dim} is no multiple of 4, which sin-cos positions need")
    row, column = torch.meshgrid(torch.arange(grid_height), torch.arange(grid_width), indexing="ij")
    half = embed_dim // 2
    patches = torch.cat([sincos_1d(half, column), sincos_1d(half, row)], dim=1)  # (L, D)
    return torch.cat([torch.zeros(1, embed_dim), patches.float()]).unsqueeze(0)
