"""One galaxy under any mask, as a trained masked autoencoder fills it in.

Everything runs in float32, whatever the run trained in, and equals the training forward on the same noise.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from backend.ml.mae.models_mae import MaskedAutoencoderViT
from backend.ml.mae.patches import gather_patches, patchify, unpatchify
from backend.ml.pretraining.samples import denormalise
from backend.ml.runtime.compute import standardise, to_tensor
from backend.ml.runtime.contracts import Pixels
from shared.contract.reconstruction import PixelMode

SHOWN_SIGMA = 3.0
"""Normalised values are shown on a mid grey, ± so many standard deviations to black and white."""
ERROR_RANGE = (0.05, 0.5)


@dataclass(frozen=True)
class Prediction:
    """What the head predicts under `mask` (L,), 0 keep, 1 remove: pred (L, P) in the space of the target, by
    patch index, the visible too; ids_keep (K,), rising; losses (L,) as in training, 0 of visible patches."""

    mask: Tensor
    pred: Tensor
    ids_keep: Tensor
    losses: Tensor

    @property
    def loss(self) -> float | None:
        """Mean over the removed patches; None where there is none."""
        removed = self.mask.bool()
        return float(self.losses[removed].mean()) if removed.any() else None


@torch.inference_mode()
def predict_masked(model: MaskedAutoencoderViT, patches: Tensor, mask: Tensor) -> Prediction:
    """The training forward of one image's standardised patches (1, L, P), by a mask (L,) for noise."""
    length, removed = len(mask), int(mask.sum())
    # The mask is noise in which visible patches come first.
    latent, _, ids_keep, ids_remove = model.forward_encoder(patches, removed / length, mask.unsqueeze(0))
    tokens = model.decode_tokens(latent, ids_keep, ids_remove)
    pred = model.decoder_pred(tokens[:, 1:])  # (1, L, P), visible then removed
    losses = torch.zeros(1, length)
    if removed:
        losses.scatter_(1, ids_remove, model.forward_loss(patches, pred[:, length - removed :], ids_remove))
    order = torch.cat([ids_keep, ids_remove], dim=1).argsort(dim=1)
    return Prediction(mask, gather_patches(pred, order)[0], ids_keep[0], losses[0])


@dataclass(frozen=True)
class Galaxy:
    """One image (H, W, C) uint8 at the size of `model`, and the channel mean and std (C,) of its training."""

    model: MaskedAutoencoderViT
    image: Pixels
    mean: Tensor
    std: Tensor

    @cached_property
    def patches(self) -> Tensor:
        """Standardised patches (1, L, P)."""
        imgs = standardise(to_tensor(self.image[None], self.mean.device), self.mean, self.std)
        return patchify(imgs, self.model.patch_size)

    def predict(self, mask: Tensor) -> Prediction:
        """What the model makes of the visible patches of a mask (L,)."""
        return predict_masked(self.model, self.patches, mask)

    def is_raw(self, mode: PixelMode) -> bool:
        """Whether pictures of this mode are of pixels, and not of normalised values."""
        return mode != "normalised" or not self.model.norm_pix_loss

    @torch.inference_mode()
    def to_picture(self, prediction: Prediction, mode: PixelMode) -> Pixels:
        """(H, W, C) uint8 of a prediction everywhere, by the mode of `PixelMode`; with norm_pix_loss off
        every mode is the prediction itself."""
        model, pred = self.model, prediction.pred.unsqueeze(0)
        if not self.is_raw(mode):
            return self._show_normalised(pred)
        if model.norm_pix_loss and mode == "true":
            variance = self.patches.var(dim=-1, keepdim=True) + 1e-6 + model.variance_floor**2
            pred = pred * variance.sqrt() + self.patches.mean(dim=-1, keepdim=True)
        elif model.norm_pix_loss and prediction.mask.all():
            pass  # nothing is visible: mean 0 and spread 1 are those of the whole train split
        elif model.norm_pix_loss:
            pred = denormalise(pred, self.patches, prediction.mask.unsqueeze(0), model.variance_floor)
        imgs = unpatchify(pred, model.patch_size).permute(0, 2, 3, 1)  # (1, H, W, C)
        return _to_bytes((imgs * self.std + self.mean)[0])

    @torch.inference_mode()
    def reference(self, mode: PixelMode) -> Pixels:
        """(H, W, C) uint8 that pictures of this mode are compared with: the image, or the target as shown."""
        if self.is_raw(mode):
            return self.image
        return self._show_normalised(self.model.forward_target(self.patches))

    def removed_pixels(self, mask: Tensor) -> NDArray[np.bool_]:
        """(H, W), True in the removed patches of a mask (L,)."""
        values = mask[None, :, None].expand(-1, -1, self.model.patch_size**2)
        removed: NDArray[np.bool_] = unpatchify(values, self.model.patch_size)[0, 0].bool().numpy()
        return removed

    def _show_normalised(self, values: Tensor) -> Pixels:
        shown = unpatchify(values, self.model.patch_size)[0].permute(1, 2, 0)
        return _to_bytes(0.5 + shown / (2 * SHOWN_SIGMA))


def error_scale(reference: Pixels) -> float:
    """The error, 0 to 1, that the error maps of this picture show brightest: half of what its brightest
    hundredth stands out by. It does not depend on a mask, so that maps of one galaxy compare."""
    contrast = np.abs(reference / 255 - np.median(reference / 255, axis=(0, 1)))
    return round(float(np.clip(np.percentile(contrast, 99) / 2, *ERROR_RANGE)), 3)


def _to_bytes(values: Tensor) -> Pixels:
    """Display values, 0 to 1, as uint8."""
    pixels: Pixels = (values * 255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    return pixels
