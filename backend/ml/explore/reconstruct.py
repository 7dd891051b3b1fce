"""One galaxy under any mask, reconstructed by a trained masked autoencoder.

Everything runs in float32, and equals the forward pass of training on the same noise.
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
"""Normalised values are shown from black to white over ± so many standard deviations."""
ERROR_RANGE = (0.05, 0.5)


@dataclass(frozen=True)
class Prediction:
    """Output of the head under `mask` (L,), 0 keep, 1 remove: pred (L, P) in the space of the target, of all
    patches by index; ids_keep (K,), ascending; losses (L,) as in training, 0 for visible patches."""

    mask: Tensor
    pred: Tensor
    ids_keep: Tensor
    losses: Tensor

    @property
    def loss(self) -> float | None:
        """Mean over the removed patches; None if there are none."""
        removed = self.mask.bool()
        return float(self.losses[removed].mean()) if removed.any() else None


@torch.inference_mode()
def predict_masked(model: MaskedAutoencoderViT, patches: Tensor, mask: Tensor) -> Prediction:
    """The forward pass of training for standardised patches (1, L, P), with a mask (L,) as noise."""
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
        """The prediction from the visible patches of a mask (L,)."""
        return predict_masked(self.model, self.patches, mask)

    def is_raw(self, mode: PixelMode) -> bool:
        """Whether pictures of this mode show pixels rather than normalised values."""
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
            pass  # nothing is visible: use mean 0 and spread 1, of the whole train split
        elif model.norm_pix_loss:
            pred = denormalise(pred, self.patches, prediction.mask.unsqueeze(0), model.variance_floor)
        imgs = unpatchify(pred, model.patch_size).permute(0, 2, 3, 1)  # (1, H, W, C)
        return _to_bytes((imgs * self.std + self.mean)[0])

    @torch.inference_mode()
    def reference(self, mode: PixelMode) -> Pixels:
        """(H, W, C) uint8 to compare pictures of this mode with: the image, or the target as shown."""
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
    """The error, 0 to 1, shown brightest in the error maps of this picture: half the contrast of its
    brightest hundredth. It does not depend on the mask, so maps of one galaxy are comparable."""
    contrast = np.abs(reference / 255 - np.median(reference / 255, axis=(0, 1)))
    return round(float(np.clip(np.percentile(contrast, 99) / 2, *ERROR_RANGE)), 3)


def _to_bytes(values: Tensor) -> Pixels:
    """Display values, 0 to 1, as uint8."""
    pixels: Pixels = (values * 255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    return pixels
