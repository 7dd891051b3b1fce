"""Masked galaxies reconstructed by trained models: single masks, ladders of ratios, loss curves.

torch is loaded on first use.
"""

import base64
import json
import time
from hashlib import sha256
from typing import TYPE_CHECKING

from backend.db.engine import Database
from backend.errors import InvalidInputError
from backend.services.datasets.browsing import Datasets
from backend.services.reconstruction.file_cache import FileCache
from backend.services.reconstruction.images import InputImage, dataset_image, sampled_images, uploaded_image
from backend.services.reconstruction.models import CheckpointRef, ModelCache
from backend.services.runs.lifecycle import get_run
from backend.settings import Settings
from shared.base.vocabulary import Split
from shared.contract import endpoints
from shared.contract.reconstruction import (
    LADDER,
    CurveRequest,
    GalaxyView,
    InsideRequest,
    LadderInfo,
    LadderRequest,
    LayerView,
    RatioCurve,
    Reconstruction,
    ReconstructionRequest,
    SampleCurve,
)

if TYPE_CHECKING:
    from backend.ml.explore.filling import Ladder, ReconstructionResult
    from backend.ml.explore.inside import InsideView
    from backend.ml.explore.loading import Checkpoint
    from backend.ml.explore.ratio_curves import LossCurve

SPRITE_BYTES, CURVE_BYTES = 500 * 10**6, 20 * 10**6
PANELS = ("original", "masked", "reconstruction", "composite", "error")
FORMAT, CURVE_FORMAT = 2, 1
"""Of cached files; incremented when the same request gives another picture."""


class Reconstructions:
    """Reconstructs; ladders and curves are cached on disk."""

    def __init__(
        self, database: Database, settings: Settings, datasets: Datasets, models: ModelCache
    ) -> None:
        self._database, self._settings = database, settings
        self._datasets, self._models = datasets, models
        self._sprites = FileCache(settings.home / "cache" / "sprites", SPRITE_BYTES)
        self._curves = FileCache(settings.home / "cache" / "curves", CURVE_BYTES)

    def reconstruct(self, request: ReconstructionRequest) -> Reconstruction:
        """Pictures and figures of one mask. Raises NotFoundError, InvalidInputError."""
        from backend.ml.explore.filling import reconstruct_masked
        from backend.ml.explore.masks import choose_masks

        ref, checkpoint, image = self._input(request.viewed)
        chosen = choose_masks(request.masking, request.average, checkpoint.grid)
        with self._models.use(ref) as model:
            began = time.perf_counter()
            filled = reconstruct_masked(model.view(image.pixels), chosen.masks, request.pixels, image.to_rgb)
            took = time.perf_counter() - began
            # Still holding the model: a ladder would take the cores from the picture that someone waits for.
            return _to_reconstruction(request, checkpoint, chosen.ranks, filled, round(1000 * took, 1))

    def inside(self, request: InsideRequest) -> LayerView:
        """A layer of the encoder, without a mask. Raises NotFoundError, InvalidInputError."""
        from backend.ml.explore.inside import look_inside, standardised

        ref, checkpoint, image = self._input(request.viewed)
        with self._models.use(ref) as model:
            began = time.perf_counter()
            imgs = standardised(image.pixels, model.mean, model.std)
            looked = look_inside(model.model, imgs, request.layer, request.patch)
            took = time.perf_counter() - began
        return _to_layer_view(request, checkpoint, looked, round(1000 * took, 1))

    def sample_curve(self, request: CurveRequest) -> SampleCurve:
        """Loss against the masking ratio over validation rows. Raises NotFoundError, InvalidInputError."""
        ref = self._models.pin(request.run, request.checkpoint)
        name = dataset_of(self._database, request.run, request.dataset)
        digest = self._datasets.row(name).digest
        parts = [CURVE_FORMAT, ref.run_id, ref.step, ref.stamp, digest, request.kind, request.seed]
        key = sha256(json.dumps([parts, request.count, LADDER]).encode()).hexdigest()
        (content,) = self._curves.get(key, (".json",), lambda: (self._measure(request, ref, name),))
        return SampleCurve.model_validate_json(content)

    def _measure(self, request: CurveRequest, ref: CheckpointRef, name: str) -> bytes:
        from backend.ml.explore.ratio_curves import sample_curve

        checkpoint = self._models.get(ref)
        rows, images = sampled_images(
            self._datasets, name, Split.VAL, request.count, checkpoint.config, checkpoint.bands
        )
        if not len(rows):
            detail = f"{name} has no validation rows to sample; choose another dataset"
            raise InvalidInputError("no_validation_rows", detail, "dataset")
        curve = self._models.finish(ref, sample_curve(checkpoint, images, request.kind, request.seed))
        result = SampleCurve(step=ref.step, dataset=name, rows=rows.tolist(), curve=to_curve(curve))
        return result.model_dump_json().encode()

    def ladder(self, request: LadderRequest) -> LadderInfo:
        """Describes the sprite, drawn now if it is not cached. Raises as `reconstruct`."""
        return LadderInfo.model_validate_json(self._ladder(request)[0])

    def sprite(self, request: LadderRequest) -> bytes:
        """The sprite, lossless WebP."""
        return self._ladder(request)[1]

    def etag(self, request: LadderRequest) -> str:
        """Changes with the weights, the galaxy, and the request."""
        return f'"{self._key(request)[:24]}"'

    def _ladder(self, request: LadderRequest) -> tuple[bytes, ...]:
        """JSON of the LadderInfo, and the sprite."""
        return self._sprites.get(self._key(request), (".json", ".webp"), lambda: self._draw(request))

    def _draw(self, request: LadderRequest) -> tuple[bytes, bytes]:
        from backend.ml.explore.drawing import webp_file
        from backend.ml.explore.filling import ratio_ladder
        from backend.ml.explore.masks import patch_ranks

        ref, checkpoint, image = self._input(request.viewed)
        ranks = patch_ranks(request.kind, request.seed, checkpoint.grid)
        rungs = ratio_ladder(checkpoint.view(image.pixels), ranks, request.pixels, image.to_rgb)
        ladder = self._models.finish(ref, rungs)
        info = _to_ladder_info(request, checkpoint, ranks.tolist(), ladder)
        return info.model_dump_json().encode(), webp_file(ladder.sprite)

    def _key(self, request: LadderRequest) -> str:
        viewed = request.viewed
        ref = self._models.pin(viewed.run, viewed.checkpoint)
        galaxy = viewed.upload or [
            self._datasets.row(dataset_of(self._database, viewed.run, viewed.dataset)).digest,
            viewed.row,
        ]
        subject = [FORMAT, ref.run_id, ref.step, ref.stamp, galaxy]
        how = [request.kind, request.seed, request.pixels, LADDER]
        return sha256(json.dumps([subject, how]).encode()).hexdigest()

    def _input(self, viewed: GalaxyView) -> "tuple[CheckpointRef, Checkpoint, InputImage]":
        ref = self._models.pin(viewed.run, viewed.checkpoint)
        checkpoint = self._models.get(ref)
        config, bands = checkpoint.config, checkpoint.bands
        if viewed.upload is not None:
            return ref, checkpoint, uploaded_image(self._settings, viewed.upload, config, bands)
        name = dataset_of(self._database, viewed.run, viewed.dataset)
        return ref, checkpoint, dataset_image(self._datasets, name, viewed.row or 0, config, bands)


def dataset_of(database: Database, run_id: str, named: str | None) -> str:
    """The named dataset, else the run's own."""
    name = named or get_run(database, run_id).dataset
    if name is None:
        raise InvalidInputError("no_dataset", f"{run_id} has no dataset; name one", "dataset")
    return name


def to_curve(curve: "LossCurve") -> RatioCurve:
    """A curve as it crosses the wire."""
    return RatioCurve(ratios=list(LADDER), **vars(curve))


def _to_reconstruction(
    request: ReconstructionRequest,
    checkpoint: "Checkpoint",
    ranks: list[int],
    filled: "ReconstructionResult",
    milliseconds: float,
) -> Reconstruction:
    from backend.ml.explore.drawing import png_file

    pictures = {name: png_file(getattr(filled, name)) for name in PANELS}
    return Reconstruction.from_attributes(
        filled,
        step=checkpoint.step,
        img_size=checkpoint.config.img_size,
        patch_size=checkpoint.config.patch_size,
        visible=len(filled.ids_keep),
        patches=checkpoint.config.num_patches,
        ranks=ranks,
        pixels=request.pixels,
        milliseconds=milliseconds,
        **{name: base64.b64encode(content).decode() for name, content in pictures.items()},
    )


def _to_ladder_info(
    request: LadderRequest, checkpoint: "Checkpoint", ranks: list[int], ladder: "Ladder"
) -> LadderInfo:
    from backend.ml.explore.drawing import png_file

    viewed = request.viewed.model_copy(update={"checkpoint": str(checkpoint.step)})
    return LadderInfo(
        step=checkpoint.step,
        img_size=checkpoint.config.img_size,
        patch_size=checkpoint.config.patch_size,
        ranks=ranks,
        curve=to_curve(ladder.curve),
        error_max=ladder.error_max,
        sprite=endpoints.LADDER_SPRITE.url(query=request.model_copy(update={"viewed": viewed})),
        original=base64.b64encode(png_file(ladder.original)).decode(),
        note=ladder.note,
    )


def _to_layer_view(
    request: InsideRequest, checkpoint: "Checkpoint", looked: "InsideView", milliseconds: float
) -> LayerView:
    mean = looked.attention.mean(dim=0)
    return LayerView(
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
