"""Labelled picture files of what the viewer shows: rows of panels, or an animation over ratios."""

import base64
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from backend.data.layout import Pixels
from backend.db.engine import Database
from backend.services.reconstruction.reconstructions import PANELS, Reconstructions, dataset_of
from backend.services.runs.lifecycle import get_run
from shared.contract.reconstruction import (
    AnimationFormat,
    GalaxyView,
    LadderRequest,
    Reconstruction,
    ReconstructionRequest,
    SaveRequest,
)

if TYPE_CHECKING:
    from backend.ml.explore.picture_files import Strip


@dataclass(frozen=True)
class SavedFile:
    """A file with a descriptive name."""

    name: str
    content: bytes


class SavedPictures:
    """Draws picture files."""

    def __init__(self, database: Database, reconstructions: Reconstructions) -> None:
        self._database, self._reconstructions = database, reconstructions

    def row(self, request: SaveRequest) -> SavedFile:
        """PNG of the five panels of each of the requests, figures below. Raises as `reconstruct`."""
        from backend.ml.explore.picture_files import figure_file

        strips = [self._strip(one) for one in request.requests]
        first = request.requests[0]
        masking = first.masking
        share = "painted" if masking.hidden is not None else f"{100 * masking.ratio:.1f}pc"
        return SavedFile(f"{_stem(first.viewed)}_{share}.png", figure_file(strips))

    def animation(self, request: LadderRequest, file_format: AnimationFormat) -> SavedFile:
        """The ladder of a galaxy as an animation. Raises as `ladder`."""
        from backend.ml.explore.picture_files import Strip, animation_file, animation_panels

        info = self._reconstructions.ladder(request)
        sprite, original = _pixels(self._reconstructions.sprite(request)), _decoded(info.original)
        title = self._title(request.viewed, info.step)
        frames = []
        for place, (ratio, loss) in enumerate(zip(info.curve.ratios, info.curve.losses, strict=True)):
            panels = {"original": original} | animation_panels(sprite, original, info.ranks, ratio, place)
            hidden = f"{100 * ratio:.0f} % hidden, {request.kind}, seed {request.seed} · loss {_figure(loss)}"
            frames.append(Strip(panels, [title, hidden, info.note]))
        return SavedFile(f"{_stem(request.viewed)}.{file_format}", animation_file(frames, file_format))

    def _strip(self, request: ReconstructionRequest) -> "Strip":
        from backend.ml.explore.picture_files import Strip

        answer = self._reconstructions.reconstruct(request)
        panels = {name: _decoded(getattr(answer, name)) for name in PANELS}
        title = self._title(request.viewed, answer.step)
        return Strip(panels, [title, _mask_words(request, answer), answer.note])

    def _title(self, viewed: GalaxyView, step: int) -> str:
        run = get_run(self._database, viewed.run)
        galaxy = "own image"
        if viewed.upload is None:
            galaxy = f"{dataset_of(self._database, viewed.run, viewed.dataset)} row {viewed.row}"
        named = f"{run.name} ({run.id})" if run.name else run.id
        return f"{named} · step {step} · {galaxy}"


def _mask_words(request: ReconstructionRequest, answer: Reconstruction) -> str:
    masking = request.masking
    how = f"{100 * masking.ratio:.1f} % hidden, {masking.kind}, seed {masking.seed}"
    mask = "hidden by hand" if masking.hidden is not None else how
    figures = [
        f"{answer.visible} of {answer.patches} patches visible ({mask})",
        f"loss {_figure(answer.loss)}",
        f"PSNR {_figure(answer.psnr_db, 1)}{'' if answer.psnr_db is None else ' dB'}",
        f"SSIM {_figure(answer.ssim)}",
        f"seam {_figure(answer.seam)}",
        f"error colours 0 to {100 * answer.error_max:.1f} %",
    ]
    return " · ".join(figures)


def _figure(value: float | None, digits: int = 3) -> str:
    return "undefined" if value is None else f"{value:.{digits}f}"


def _stem(viewed: GalaxyView) -> str:
    galaxy = "image" if viewed.upload is not None else f"row{viewed.row}"
    return f"{viewed.run}_{viewed.checkpoint}_{galaxy}"


def _decoded(picture: str) -> Pixels:
    return _pixels(base64.b64decode(picture))


def _pixels(file: bytes) -> Pixels:
    pixels: Pixels = np.asarray(Image.open(BytesIO(file)).convert("RGB"))
    return pixels
