"""Fixed galaxies reconstructed at each evaluation, without using the hidden pixels.

samples/
  step_00001234.png     3 rows by `count` columns of square tiles
  layout.json           {"rows", "count", "tile_px", "mask_ratio", "galaxies"}
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from backend.files import write_atomic, write_json
from backend.ml.mae.models_mae import MaskedAutoencoderViT
from backend.ml.mae.patches import patchify, unpatchify
from backend.ml.pretraining.evaluation import Normaliser, device_of
from backend.ml.pretraining.pictures import hide_removed, picture_file, sprite
from backend.ml.pretraining.streams import generator
from backend.ml.runtime.compute import autocast, resolve_precision, to_tensor
from backend.ml.runtime.contracts import Pixels, PretrainData
from shared.configs import PretrainConfig

ROWS = ["original", "masked", "reconstruction"]


def interpolate_statistics(statistics: Tensor, mask: Tensor) -> Tensor:
    """(N, L, S) with the rows of removed patches (mask (N, L) is 1) replaced by a mean of the visible ones,
    weighted by exp(−d²/2) of their distance d in patches."""
    grid = round(mask.shape[1] ** 0.5)
    axis = torch.arange(grid, device=mask.device, dtype=torch.float32)
    places = torch.cartesian_prod(axis, axis)  # (L, 2)
    closeness = -torch.cdist(places, places).square() / 2  # (L, L)
    weights = closeness.masked_fill(mask.bool().unsqueeze(1), -torch.inf).softmax(dim=-1)  # (N, L, L)
    return torch.where(mask.bool().unsqueeze(-1), weights @ statistics, statistics)


def denormalise(pred: Tensor, patches: Tensor, mask: Tensor, variance_floor: float) -> Tensor:
    """Pixels (N, L, P) of norm_pix predictions (N, L, P): a removed patch takes its mean and spread from the
    visible patches around it, never from itself."""
    mean = patches.mean(dim=-1, keepdim=True)
    log_variance = (patches.var(dim=-1, keepdim=True) + 1e-6 + variance_floor**2).log()
    guessed = interpolate_statistics(torch.cat([mean, log_variance], dim=-1), mask)
    return pred * (0.5 * guessed[..., 1:]).exp() + guessed[..., :1]


@torch.inference_mode()
def reconstruct(
    model: MaskedAutoencoderViT, imgs: Tensor, config: PretrainConfig, noise: Tensor
) -> tuple[Tensor, Tensor]:
    """Standardised reconstruction (N, C, H, W), visible patches kept as they are, and mask (N, L)."""
    device = imgs.device
    with autocast(device, resolve_precision(config, device)):
        pred, mask = model.predict(imgs, config.mask_ratio, noise)
    patches, pred = patchify(imgs, model.patch_size), pred.float()
    if model.norm_pix_loss:
        pred = denormalise(pred, patches, mask, model.variance_floor)
    whole = torch.where(mask.bool().unsqueeze(-1), pred, patches)
    return unpatchify(whole, model.patch_size), mask


def to_pixels(imgs: Tensor, normaliser: Normaliser) -> Pixels:
    """float32 (N, C, H, W) standardised → uint8 (N, H, W, C)."""
    scaled = imgs.permute(0, 2, 3, 1) * normaliser.std + normaliser.mean
    pixels: Pixels = (scaled * 255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    return pixels


class FixedSamples:
    """Draws the same few validation galaxies, under the same masks, at any step into `folder`."""

    def __init__(self, config: PretrainConfig, data: PretrainData, folder: Path) -> None:
        self.config, self.data, self.folder = config, data, folder
        count = min(config.sample_count, len(data.val_images))
        self.chosen = np.linspace(0, len(data.val_images) - 1, count).round().astype(np.int64)
        length = (config.img_size // config.patch_size) ** 2
        self.noise = torch.rand(count, length, generator=generator(config.seed, "samples"))

    def write(self, model: MaskedAutoencoderViT, step: int) -> None:
        """Write the sprite of `step`, and layout.json beside it; nothing without galaxies."""
        if len(self.chosen) == 0:
            return
        device = device_of(model)
        original = self.data.val_images[self.chosen]
        normaliser = Normaliser(self.data, device)
        imgs = normaliser(to_tensor(original, device))
        rebuilt, mask = reconstruct(model, imgs, self.config, self.noise.to(device))
        original_rgb = self.data.to_rgb(original)
        masked_rgb = hide_removed(original_rgb, mask, model.patch_size)
        rebuilt_rgb = self.data.to_rgb(to_pixels(rebuilt, normaliser))
        self.folder.mkdir(parents=True, exist_ok=True)
        picture = picture_file(sprite([original_rgb, masked_rgb, rebuilt_rgb]), format="PNG")
        write_atomic(self.folder / f"step_{step:08d}.png", picture)
        write_json(self.folder / "layout.json", self.layout())

    def layout(self) -> dict[str, object]:
        """The contents of layout.json: tile_px in pixels, galaxies as dataset rows."""
        return {
            "rows": ROWS,
            "count": len(self.chosen),
            "tile_px": self.config.img_size,
            "mask_ratio": self.config.mask_ratio,
            "galaxies": [int(row) for row in self.data.val_rows[self.chosen]],
        }
