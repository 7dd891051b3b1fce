"""Loss of the removed patches against the masking ratio, of one galaxy or many, and its place in the
frame."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from backend.ml.explore.loading import Checkpoint
from backend.ml.explore.masks import patch_ranks
from backend.ml.pretraining.evaluation import region_masks
from backend.ml.runtime.compute import standardise, to_tensor
from backend.ml.runtime.contracts import Pixels
from shared.contract.reconstruction import LADDER, MaskKind

CHUNK = 16
"""Images per forward pass: few, so that a request for a picture gets the model soon."""


@dataclass(frozen=True)
class LossCurve:
    """One value per ratio of LADDER: mean loss of the removed patches, over galaxies; its standard error,
    None for one galaxy; the shares of the summed loss from the centre and the edge of the frame
    (region_masks), None without loss."""

    losses: list[float | None]
    errors: list[float | None]
    centre_shares: list[float | None]
    sky_shares: list[float | None]


def loss_curve(by_ratio: Sequence[tuple[Tensor, Tensor]]) -> LossCurve:
    """The curve of (losses, mask), each (N, L), one pair per ratio; visible patches have no loss."""
    points = [_point(losses.double(), mask.double()) for losses, mask in by_ratio]
    losses, errors, centre, sky = (list(values) for values in zip(*points, strict=True))
    return LossCurve(losses, errors, centre, sky)


def sample_curve(
    checkpoint: Checkpoint, images: Pixels, kind: MaskKind, seed: int
) -> Iterator[LossCurve | None]:
    """The curve over images (N, H, W, C), the n-th under the mask of `seed` + n: yields None after each step,
    so that others can use the model in between, then the curve."""
    model = checkpoint.model
    imgs = standardise(to_tensor(images, torch.device("cpu")), checkpoint.mean, checkpoint.std)
    ranks = torch.stack([patch_ranks(kind, seed + n, checkpoint.grid) for n in range(len(images))]).float()
    by_ratio: list[tuple[Tensor, Tensor]] = []
    for ratio in LADDER:
        parts: list[tuple[Tensor, Tensor]] = []
        for start in range(0, len(imgs), CHUNK):
            chunk = slice(start, start + CHUNK)
            with torch.inference_mode():
                losses, _, mask, ids_remove = model.patch_losses(imgs[chunk], ratio, ranks[chunk])
                parts.append((torch.zeros_like(mask).scatter_(1, ids_remove, losses), mask))
            yield None
        by_ratio.append((torch.cat([losses for losses, _ in parts]), torch.cat([mask for _, mask in parts])))
    yield loss_curve(by_ratio)


def _point(losses: Tensor, mask: Tensor) -> tuple[float | None, float | None, float | None, float | None]:
    removed = mask.sum(dim=1)
    if not removed.all():
        return None, None, None, None
    of_galaxies = (losses * mask).sum(dim=1) / removed  # (N,)
    error = float(of_galaxies.std() / len(of_galaxies) ** 0.5) if len(of_galaxies) > 1 else None
    centre, edge = region_masks(round(mask.shape[1] ** 0.5))
    by_patch = (losses * mask).sum(dim=0)  # (L,)
    whole = float(by_patch.sum())
    shares = [float(by_patch[region].sum()) / whole if whole else None for region in (centre, edge)]
    return float(of_galaxies.mean()), error, shares[0], shares[1]
