"""Images to patches and back, their masks, and their position embeddings (docs/science.md §3.1–3).

Shapes: N batch, C channels, H W pixels, p patch side, L = (H/p)(W/p) patches, P = p·p·C values of a patch,
K visible patches.
"""

import torch
from torch import Tensor

from shared.configs import removed_patches


def patchify(imgs: Tensor, patch_size: int) -> Tensor:
    """(N, C, H, W) → (N, L, P): patches row by row, pixels in them by (row, column, channel)."""
    n, c, height, width = imgs.shape
    p = patch_size
    if height % p or width % p:
        raise ValueError(f"patch_size {p} does not divide an image of {height} × {width}: resize or crop it")
    x = imgs.reshape(n, c, height // p, p, width // p, p)
    x = x.permute(0, 2, 4, 3, 5, 1)  # (N, H/p, W/p, p, p, C)
    return x.reshape(n, -1, p * p * c)


def unpatchify(patches: Tensor, patch_size: int, grid: tuple[int, int] | None = None) -> Tensor:
    """(N, L, P) → (N, C, H, W), the inverse of `patchify`; `grid` is (H/p, W/p), square by default."""
    n, length, values = patches.shape
    rows, columns = grid or (round(length**0.5), round(length**0.5))
    if rows * columns != length:
        raise ValueError(f"{length} patches do not fill a grid of {rows} × {columns}: pass the right grid")
    p = patch_size
    x = patches.reshape(n, rows, columns, p, p, values // (p * p))
    x = x.permute(0, 5, 1, 3, 2, 4)  # (N, C, rows, p, columns, p)
    return x.reshape(n, -1, rows * p, columns * p)


def gather_patches(x: Tensor, ids: Tensor) -> Tensor:
    """(N, L, D) at ids (N, M) → (N, M, D)."""
    return x.gather(1, ids.unsqueeze(-1).expand(-1, -1, x.shape[-1]))


def mask_ids(noise: Tensor, mask_ratio: float) -> tuple[Tensor, Tensor, Tensor]:
    """ids_keep (N, K), ids_remove (N, L − K), both ascending, and mask (N, L): 0 keep, 1 remove.

    A row keeps the K patches of least noise (N, L), K = L − round-half-up(L · mask_ratio). For fixed noise,
    the kept sets nest as the ratio grows.
    """
    length = noise.shape[1]
    kept = length - removed_patches(length, mask_ratio)
    shuffled = noise.argsort(dim=1, stable=True)
    ids_keep, ids_remove = shuffled[:, :kept].sort(dim=1).values, shuffled[:, kept:].sort(dim=1).values
    mask = torch.ones_like(noise, dtype=torch.float32).scatter_(1, ids_keep, 0.0)
    return ids_keep, ids_remove, mask


def random_masking(
    x: Tensor, mask_ratio: float, noise: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Visible part (N, K, D) of x (N, L, D), mask (N, L), ids_keep (N, K) and ids_remove (N, L − K).

    `noise` (N, L), uniform in [0, 1), determines the masks; it is drawn here by default.
    """
    if noise is None:
        noise = torch.rand(x.shape[:2], device=x.device)
    ids_keep, ids_remove, mask = mask_ids(noise, mask_ratio)
    return gather_patches(x, ids_keep), mask, ids_keep, ids_remove


def sincos_1d(embed_dim: int, positions: Tensor) -> Tensor:
    """(M, embed_dim): sines then cosines of `positions` (M,) at ω_k = 10000^(−k/(embed_dim/2))."""
    half = embed_dim // 2
    omega = 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = positions.to(torch.float64).reshape(-1, 1) * omega  # (M, D/2)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def sincos_2d(embed_dim: int, grid_height: int, grid_width: int) -> Tensor:
    """(1, 1 + L, embed_dim) float32: zeros for the class token, then L = grid_height · grid_width patches row
    by row. As in the published MAE weights, the first half of the width encodes x (the column), the second
    y."""
    if embed_dim % 4:
        raise ValueError(f"embed_dim {embed_dim} is not a multiple of 4, which sin-cos positions need")
    row, column = torch.meshgrid(torch.arange(grid_height), torch.arange(grid_width), indexing="ij")
    half = embed_dim // 2
    patches = torch.cat([sincos_1d(half, column), sincos_1d(half, row)], dim=1)  # (L, D)
    return torch.cat([torch.zeros(1, embed_dim), patches.float()]).unsqueeze(0)
