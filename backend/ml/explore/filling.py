"""Masked galaxies reconstructed, drawn and measured: one mask, an average over masks, a ladder of ratios."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from backend.ml.explore.drawing import colour_errors
from backend.ml.explore.figures import psnr_db, seam, ssim
from backend.ml.explore.masks import mask_at
from backend.ml.explore.ratio_curves import LossCurve, loss_curve
from backend.ml.explore.reconstruct import SHOWN_SIGMA, Galaxy, Prediction, error_scale
from backend.ml.pretraining.pictures import hide_removed, sprite
from backend.ml.runtime.contracts import Pixels
from shared.contract.reconstruction import LADDER, PixelMode

ToRgb = Callable[[Pixels], Pixels]
"""(N, H, W, C) → (N, H, W, 3)."""


@dataclass(frozen=True)
class ReconstructionResult:
    """One masked galaxy: pictures (H, W, 3) and figures, None if undefined; `note` says why."""

    mask: Tensor
    ids_keep: list[int]
    loss: float | None
    psnr_db: float | None
    ssim: float | None
    seam: float | None
    note: str
    error_max: float
    original: Pixels
    masked: Pixels
    reconstruction: Pixels
    composite: Pixels
    error: Pixels


def reconstruct_masked(
    galaxy: Galaxy, masks: Sequence[Tensor], mode: PixelMode, to_rgb: ToRgb
) -> ReconstructionResult:
    """The reconstruction under the first of `masks` (L,); with more, each patch is averaged over the masks
    that removed it, and the loss over the masks."""
    predictions = [galaxy.predict(mask) for mask in masks]
    first, reference = predictions[0], galaxy.reference(mode)
    removed = galaxy.removed_pixels(first.mask)
    picture = _average(galaxy, predictions, mode)
    completed = np.where(removed[..., None], picture, reference)
    truth, shown = reference / 255, completed / 255
    psnr = psnr_db(shown, truth, removed)
    exact = bool(removed.any()) and psnr is None
    largest, rgb = error_scale(reference), to_rgb(galaxy.image[None])
    composite = np.where(removed[..., None], picture, galaxy.image)
    losses = [prediction.loss for prediction in predictions if prediction.loss is not None]
    return ReconstructionResult(
        mask=first.mask,
        ids_keep=first.ids_keep.tolist(),
        loss=sum(losses) / len(losses) if losses else None,
        psnr_db=psnr,
        ssim=ssim(shown, truth, removed),
        seam=seam(shown, removed, galaxy.model.patch_size) if galaxy.is_raw(mode) else None,
        note=" ".join(_notes(galaxy, predictions, mode, exact=exact)),
        error_max=largest,
        original=rgb[0],
        masked=hide_removed(rgb, first.mask.unsqueeze(0), galaxy.model.patch_size)[0],
        reconstruction=to_rgb(picture[None])[0],
        composite=to_rgb(composite[None])[0],
        error=colour_errors(_errors(completed, reference), largest),
    )


@dataclass(frozen=True)
class Ladder:
    """The frames of all ratios of LADDER side by side, predictions above errors, (2H, 19W, 3), of visible and
    removed patches alike; `curve` has the losses of the removed ones."""

    sprite: Pixels
    curve: LossCurve
    original: Pixels
    error_max: float
    note: str


def ratio_ladder(galaxy: Galaxy, ranks: Tensor, mode: PixelMode, to_rgb: ToRgb) -> Iterator[Ladder | None]:
    """The ladder of one order of removal (L,): yields None after each ratio, so that others can use the model
    in between, then the ladder."""
    reference, predictions, pictures, errors = galaxy.reference(mode), [], [], []
    largest = error_scale(reference)
    for ratio in LADDER:
        prediction = galaxy.predict(mask_at(ranks, ratio))
        picture = galaxy.to_picture(prediction, mode)
        predictions.append(prediction)
        pictures.append(to_rgb(picture[None])[0])
        errors.append(colour_errors(_errors(picture, reference), largest))
        yield None
    yield Ladder(
        sprite=sprite([pictures, errors]),
        curve=loss_curve([(prediction.losses[None], prediction.mask[None]) for prediction in predictions]),
        original=to_rgb(galaxy.image[None])[0],
        error_max=largest,
        note=" ".join(_mode_notes(galaxy, mode)),
    )


@torch.inference_mode()
def _average(galaxy: Galaxy, predictions: Sequence[Prediction], mode: PixelMode) -> Pixels:
    """(H, W, C): each patch averaged over the predictions that removed it, or over all if none did."""
    pictures = [galaxy.to_picture(prediction, mode) for prediction in predictions]
    if len(pictures) == 1:
        return pictures[0]
    removed = np.stack([galaxy.removed_pixels(prediction.mask) for prediction in predictions])
    weights = np.where(removed.any(axis=0), removed, True)[..., None]  # (M, H, W, 1)
    mean = (np.stack(pictures) * weights).sum(axis=0) / weights.sum(axis=0)
    return np.asarray(mean.round().astype(np.uint8))


def _errors(picture: Pixels, reference: Pixels) -> NDArray[np.float64]:
    """(H, W), 0 to 1: mean over the bands."""
    return np.asarray(np.abs(picture / 255 - reference / 255).mean(axis=2))


def _notes(galaxy: Galaxy, predictions: Sequence[Prediction], mode: PixelMode, exact: bool) -> Iterator[str]:
    mask = predictions[0].mask
    if not mask.any():
        yield "Nothing is hidden, so loss, PSNR, SSIM and seam are undefined."
    if mask.all():
        yield "No patch is visible: this is the model's prior for any galaxy."
        if galaxy.model.norm_pix_loss and mode == "interpolated":
            yield "Mean and spread of the patches are those of the train split."
    if exact:
        yield "No pixel differs, so PSNR is infinite."
    if len(predictions) > 1:
        yield f"Averaged over {len(predictions)} masks, which together see more than one mask does."
    yield from _mode_notes(galaxy, mode)


def _mode_notes(galaxy: Galaxy, mode: PixelMode) -> Iterator[str]:
    if not galaxy.model.norm_pix_loss:
        yield "Trained on raw pixels (norm_pix_loss off): every mode shows the prediction itself."
    elif mode == "true":
        yield "Uses true patch statistics: the mean and spread of hidden patches are revealed."
    elif mode == "normalised":
        yield (
            f"Predicted normalised values, black to white ±{SHOWN_SIGMA:g} standard deviations, against the "
            "normalised target; seams are not measured between patches of different scales."
        )
    yield "The reconstruction also shows predictions of visible patches, which training never scores."
