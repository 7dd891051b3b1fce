"""Masked galaxies reconstructed by trained models: one mask at a time, and ladders of ratios.

torch is loaded on first use.
"""

import base64
import json
import time
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote

from backend.db.engine import Database
from backend.errors import InvalidInputError
from backend.services.datasets.browsing import Datasets
from backend.services.reconstruction.file_cache import Kept
from backend.services.reconstruction.images import ViewedImage, dataset_image, uploaded_image
from backend.services.reconstruction.models import ModelCache, Pinned
from backend.services.runs.lifecycle import get_run
from backend.settings import Settings
from shared.contract.reconstruction import (
    LADDER,
    Inside,
    InsideRequest,
    LadderInfo,
    LadderRequest,
    RatioCurve,
    Reconstruction,
    ReconstructionRequest,
    Viewed,
)
from shared.contract.routes import API, RECONSTRUCTION_SPRITE

if TYPE_CHECKING:
    from backend.ml.explore.filling import Ladder, ReconstructionResult
    from backend.ml.explore.inside import InsideView
    from backend.ml.explore.loading import Checkpoint
    from backend.ml.explore.ratio_curves import LossCurve

SPRITE_BYTES = 500 * 10**6
FORMAT = 2
"""Of what is kept; raised when a picture of the same request would be another."""


class Reconstructions:
    """Reconstructs, and keeps ladders on the disk, since a person comes back to them."""

    def __init__(
        self, database: Database, settings: Settings, datasets: Datasets, models: ModelCache
    ) -> None:
        self._database, self._settings = database, settings
        self._datasets, self._models = datasets, models
        self._kept = Kept(settings.home / "cache" / "sprites", SPRITE_BYTES)

    def reconstruct(self, request: ReconstructionRequest) -> Reconstruction:
        """Pictures and figures of one mask. Raises NotFoundError, InvalidInputError."""
        from backend.ml.explore.filling import reconstruct_masked
        from backend.ml.explore.masks import choose_masks

        pinned = self._models.pin(request.viewed.run, request.viewed.checkpoint)
        checkpoint = self._models.get(pinned)
        image = self._image(request.viewed, checkpoint)
        chosen = choose_masks(request.masking, request.average, checkpoint.grid)
        with self._models.use(pinned) as model:
            began = time.perf_counter()
            filled = reconstruct_masked(model.view(image.pixels), chosen.masks, request.pixels, image.to_rgb)
            took = time.perf_counter() - began
            # Within its turn: a ladder that went on now would take the cores from the picture waited for.
            return _answer(request, checkpoint, chosen.ranks, filled, round(1000 * took, 1))

    def inside(self, request: InsideRequest) -> Inside:
        """A layer of the encoder, to which nothing is hidden. Raises NotFoundError, InvalidInputError."""
        from backend.ml.explore.inside import look_inside, standardised

        pinned = self._models.pin(request.viewed.run, request.viewed.checkpoint)
        checkpoint = self._models.get(pinned)
        image = self._image(request.viewed, checkpoint)
        with self._models.use(pinned) as model:
            began = time.perf_counter()
            imgs = standardised(image.pixels, model.mean, model.std)
            looked = look_inside(model.model, imgs, request.layer, request.patch)
            took = time.perf_counter() - began
        return _describe_inside(request, checkpoint, looked, round(1000 * took, 1))

    def ladder(self, request: LadderRequest) -> LadderInfo:
        """The sprite's description; it is drawn where it is not kept. Raises as reconstruct."""
        return LadderInfo.model_validate_json(self._make(request)[0])

    def sprite(self, request: LadderRequest) -> bytes:
        """The sprite itself, lossless WebP."""
        return self._make(request)[1]

    def etag(self, request: LadderRequest) -> str:
        """Changes with the weights, the galaxy, and how they are looked at."""
        return f'"{self._key(request, self._pin(request))[:24]}"'

    def _make(self, request: LadderRequest) -> tuple[bytes, bytes]:
        """JSON of the LadderInfo and the sprite."""
        pinned = self._pin(request)
        key = self._key(request, pinned)
        info, sprite = self._kept.get(key, (".json", ".webp"), lambda: self._draw(request, pinned))
        return info, sprite

    def _draw(self, request: LadderRequest, pinned: Pinned) -> tuple[bytes, bytes]:
        from backend.ml.explore.drawing import webp_file
        from backend.ml.explore.filling import ratio_ladder
        from backend.ml.explore.masks import patch_ranks

        checkpoint = self._models.get(pinned)
        image = self._image(request.viewed, checkpoint)
        ranks = patch_ranks(request.kind, request.seed, checkpoint.grid)
        rungs = ratio_ladder(checkpoint.view(image.pixels), ranks, request.pixels, image.to_rgb)
        ladder = self._models.finish(pinned, rungs)
        info = _describe(request, checkpoint, ranks.tolist(), ladder)
        return info.model_dump_json().encode(), webp_file(ladder.sprite)

    def _pin(self, request: LadderRequest) -> Pinned:
        return self._models.pin(request.viewed.run, request.viewed.checkpoint)

    def _key(self, request: LadderRequest, pinned: Pinned) -> str:
        viewed = request.viewed
        galaxy = viewed.upload or [
            self._datasets.row(dataset_of(self._database, viewed.run, viewed.dataset)).digest,
            viewed.row,
        ]
        asked = [FORMAT, pinned.run_id, pinned.step, pinned.stamp, galaxy]
        how = [request.kind, request.seed, request.pixels, LADDER]
        return sha256(json.dumps([asked, how]).encode()).hexdigest()

    def _image(self, viewed: Viewed, checkpoint: "Checkpoint") -> ViewedImage:
        if viewed.upload is not None:
            return uploaded_image(self._settings, viewed.upload, checkpoint.config, checkpoint.bands)
        name = dataset_of(self._database, viewed.run, viewed.dataset)
        return dataset_image(self._datasets, name, viewed.row or 0, checkpoint.config, checkpoint.bands)


def dataset_of(database: Database, run_id: str, named: str | None) -> str:
    """The dataset that is named, else the run's own."""
    name = named or get_run(database, run_id).dataset
    if name is None:
        raise InvalidInputError("no_dataset", f"{run_id} has no dataset; name one", "dataset")
    return name


def to_curve(curve: "LossCurve") -> RatioCurve:
    """A curve as it crosses the wire."""
    return RatioCurve(ratios=list(LADDER), **vars(curve))


def _answer(
    request: ReconstructionRequest,
    checkpoint: "Checkpoint",
    ranks: list[int],
    filled: "ReconstructionResult",
    milliseconds: float,
) -> Reconstruction:
    from backend.ml.explore.drawing import png_file

    pictures = ("original", "masked", "reconstruction", "composite", "error")
    return Reconstruction(
        step=checkpoint.step,
        img_size=checkpoint.config.img_size,
        patch_size=checkpoint.config.patch_size,
        visible=len(filled.ids_keep),
        patches=checkpoint.config.num_patches,
        ids_keep=filled.ids_keep,
        ranks=ranks,
        loss=filled.loss,
        psnr_db=filled.psnr_db,
        ssim=filled.ssim,
        seam=filled.seam,
        error_max=filled.error_max,
        pixels=request.pixels,
        note=filled.note,
        milliseconds=milliseconds,
        **{name: base64.b64encode(png_file(getattr(filled, name))).decode() for name in pictures},
    )


def _describe(
    request: LadderRequest, checkpoint: "Checkpoint", ranks: list[int], ladder: "Ladder"
) -> LadderInfo:
    from backend.ml.explore.drawing import png_file

    viewed = request.viewed.model_copy(update={"checkpoint": str(checkpoint.step)})
    query = request.model_copy(update={"viewed": viewed}).model_dump_json(exclude_none=True)
    return LadderInfo(
        step=checkpoint.step,
        img_size=checkpoint.config.img_size,
        patch_size=checkpoint.config.patch_size,
        ranks=ranks,
        curve=to_curve(ladder.curve),
        error_max=ladder.error_max,
        sprite=f"{API}{RECONSTRUCTION_SPRITE}?query={quote(query)}",
        original=base64.b64encode(png_file(ladder.original)).decode(),
        note=ladder.note,
    )


def _describe_inside(
    request: InsideRequest, checkpoint: "Checkpoint", looked: "InsideView", milliseconds: float
) -> Inside:
    mean = looked.attention.mean(dim=0)
    return Inside(
        step=checkpoint.step,
        img_size=checkpoint.config.img_size,
        patch_size=checkpoint.config.patch_size,
        patches=len(looked.similarity),
        layer=looked.layer,
        layers=looked.layers,
        heads=len(looked.attention),
        patch=request.patch,
        attention=looked.attention[:, 1:].tolist(),
        attention_to_cls=looked.attention[:, 0].tolist(),
        mean_attention=mean[1:].tolist(),
        mean_attention_to_cls=float(mean[0]),
        similarity=looked.similarity.tolist(),
        pca=looked.components.tolist(),
        explained=looked.explained.tolist(),
        note=looked.note,
        milliseconds=milliseconds,
    )
