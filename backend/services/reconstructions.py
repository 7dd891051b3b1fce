"""Masked galaxies reconstructed by trained models: one mask at a time, and ladders of ratios.

torch is loaded on first use.
"""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote

from backend.data.byte_cache import ByteCache
from backend.db.engine import Database
from backend.errors import InvalidInputError
from backend.services.datasets import Datasets
from backend.services.models import ModelCache, Pinned
from backend.services.runs import get_run
from backend.services.viewed_images import ViewedImage, dataset_image, uploaded_image
from backend.settings import Settings
from shared.explore import (
    LADDER,
    LadderInfo,
    LadderRequest,
    Reconstruction,
    ReconstructionRequest,
    Viewed,
)
from shared.routes import API, RECONSTRUCTION_SPRITE

if TYPE_CHECKING:
    from backend.ml.explore import Checkpoint, Filled, Ladder

SPRITE_BYTES = 500 * 10**6
FORMAT = 1
"""Of what is kept; raised when a picture of the same request would be another."""


class Reconstructions:
    """Reconstructs, and keeps ladders on the disk, since a person comes back to them."""

    def __init__(
        self, database: Database, settings: Settings, datasets: Datasets, models: ModelCache
    ) -> None:
        self._database, self._settings = database, settings
        self._datasets, self._models = datasets, models
        self._kept = ByteCache(settings.home / "cache" / "sprites", SPRITE_BYTES)
        self._lock = threading.Lock()
        self._making: dict[str, threading.Lock] = {}

    def reconstruct(self, request: ReconstructionRequest) -> Reconstruction:
        """Pictures and figures of one mask. Raises NotFoundError, InvalidInputError."""
        from backend.ml.explore import choose_masks, fill

        pinned = self._models.pin(request.viewed.run, request.viewed.checkpoint)
        checkpoint = self._models.get(pinned)
        image = self._image(request.viewed, checkpoint)
        chosen = choose_masks(request.masking, request.average, checkpoint.grid)
        with self._models.use(pinned) as model:
            began = time.perf_counter()
            filled = fill(model.view(image.pixels), chosen.masks, request.pixels, image.to_rgb)
            took = time.perf_counter() - began
            # Within its turn: a ladder that went on now would take the cores from the picture waited for.
            return _answer(request, checkpoint, chosen.ranks, filled, round(1000 * took, 1))

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
        """JSON of the LadderInfo and the sprite, kept or made now; of several who ask, one makes it."""
        pinned = self._pin(request)
        key = self._key(request, pinned)
        with self._alone(key):
            info, sprite = self._kept.get(f"{key}.json"), self._kept.get(f"{key}.webp")
            if info is None or sprite is None:
                info, sprite = self._draw(request, pinned)
                self._kept.put(f"{key}.webp", sprite)
                self._kept.put(f"{key}.json", info)
        return info, sprite

    def _draw(self, request: LadderRequest, pinned: Pinned) -> tuple[bytes, bytes]:
        from backend.ml.explore import climb, patch_ranks, webp_file

        checkpoint = self._models.get(pinned)
        image = self._image(request.viewed, checkpoint)
        ranks = patch_ranks(request.kind, request.seed, checkpoint.grid)
        rungs = climb(checkpoint.view(image.pixels), ranks, request.pixels, image.to_rgb)
        ladder: Ladder | None = None
        while ladder is None:
            with self._models.use(pinned, patient=True):
                ladder = next(rungs)
        info = _describe(request, checkpoint, ranks.tolist(), ladder)
        return info.model_dump_json().encode(), webp_file(ladder.sprite)

    def _pin(self, request: LadderRequest) -> Pinned:
        return self._models.pin(request.viewed.run, request.viewed.checkpoint)

    def _key(self, request: LadderRequest, pinned: Pinned) -> str:
        viewed = request.viewed
        galaxy = viewed.upload or [self._datasets.row(self._dataset(viewed)).digest, viewed.row]
        asked = [FORMAT, pinned.run_id, pinned.step, pinned.stamp, galaxy]
        how = [request.kind, request.seed, request.pixels, LADDER]
        return sha256(json.dumps([asked, how]).encode()).hexdigest()

    def _image(self, viewed: Viewed, checkpoint: "Checkpoint") -> ViewedImage:
        if viewed.upload is not None:
            return uploaded_image(self._settings, viewed.upload, checkpoint.config, checkpoint.bands)
        name, row = self._dataset(viewed), viewed.row or 0
        return dataset_image(self._datasets, name, row, checkpoint.config, checkpoint.bands)

    def _dataset(self, viewed: Viewed) -> str:
        """The dataset that is named, else the run's own."""
        name = viewed.dataset or get_run(self._database, viewed.run).dataset
        if name is None:
            raise InvalidInputError("no_dataset", f"{viewed.run} has no dataset; name one", "dataset")
        return name

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        with self._lock:
            lock = self._making.setdefault(key, threading.Lock())
        try:
            with lock:
                yield
        finally:
            with self._lock:
                self._making.pop(key, None)


def _answer(
    request: ReconstructionRequest,
    checkpoint: "Checkpoint",
    ranks: list[int],
    filled: "Filled",
    milliseconds: float,
) -> Reconstruction:
    from backend.ml.explore import png_file

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
    from backend.ml.explore import png_file

    viewed = request.viewed.model_copy(update={"checkpoint": str(checkpoint.step)})
    query = request.model_copy(update={"viewed": viewed}).model_dump_json(exclude_none=True)
    return LadderInfo(
        step=checkpoint.step,
        img_size=checkpoint.config.img_size,
        patch_size=checkpoint.config.patch_size,
        ranks=ranks,
        ratios=list(LADDER),
        losses=ladder.losses,
        error_max=ladder.error_max,
        sprite=f"{API}{RECONSTRUCTION_SPRITE}?query={quote(query)}",
        original=base64.b64encode(png_file(ladder.original)).decode(),
        note=ladder.note,
    )
