"""Picture files: named panels side by side with captions, and an animation over all ratios."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from backend.ml.explore.drawing import VIRIDIS
from backend.ml.pretraining.pictures import REMOVED_GREY
from backend.ml.runtime.contracts import Pixels
from shared.configs import removed_patches
from shared.contract.reconstruction import AnimationFormat

GROUND, INK, SOFT = (13, 17, 23), (230, 234, 240), (150, 160, 172)
PANEL_PX = 256
"""Panels are enlarged by the whole number that brings them nearest to this side."""
GAP, LINE = 8, 20
FRAME_MS, HOLD_MS = 110, 700


@dataclass(frozen=True)
class Strip:
    """One row of a figure: named panels (H, W, 3) of equal size, and lines of text below them."""

    panels: dict[str, Pixels]
    words: Sequence[str]


def enlargement(side: int) -> int:
    """By how much panels of `side` pixels are enlarged."""
    return max(1, round(PANEL_PX / side))


def figure_file(strips: Sequence[Strip]) -> bytes:
    """The strips below each other as PNG."""
    buffer = io.BytesIO()
    _figure(strips).save(buffer, format="PNG")
    return buffer.getvalue()


def animation_file(frames: Sequence[Strip], file_format: AnimationFormat) -> bytes:
    """Frames as an endless animation, forwards and backwards, that rests at both ends."""
    pictures = [_figure([frame]) for frame in frames]
    first, *others = pictures + pictures[-2:0:-1]
    ends = 0, len(pictures) - 1
    durations = [HOLD_MS if place in ends else FRAME_MS for place in range(1 + len(others))]
    how: dict[str, Any] = {"quality": 92, "method": 2} if file_format == "webp" else {"optimize": False}
    how |= {"save_all": True, "append_images": others, "duration": durations, "loop": 0}
    buffer = io.BytesIO()
    first.save(buffer, format=file_format.upper(), **how)
    return buffer.getvalue()


def animation_panels(
    sprite: Pixels, original: Pixels, ranks: Sequence[int], ratio: float, place: int
) -> dict[str, Pixels]:
    """Masked, composite and error, each (H, W, 3), of one rung of a ladder's sprite (2H, 19W, 3); visible
    patches are unchanged, without error."""
    side = len(original)
    columns = slice(side * place, side * place + side)
    removed = _removed_pixels(ranks, ratio, side)[..., None]
    return {
        "masked": np.where(removed, np.uint8(REMOVED_GREY), original),
        "composite": np.where(removed, sprite[:side, columns], original),
        "error": np.where(removed, sprite[side:, columns], np.array(VIRIDIS[0], np.uint8)),
    }


def _removed_pixels(ranks: Sequence[int], ratio: float, side: int) -> NDArray[np.bool_]:
    grid = round(len(ranks) ** 0.5)
    removed = np.asarray(ranks).reshape(grid, grid) >= len(ranks) - removed_patches(len(ranks), ratio)
    return np.kron(removed, np.ones((side // grid, side // grid), bool))


def _figure(strips: Sequence[Strip]) -> Image.Image:
    drawn = [_strip(strip) for strip in strips]
    width, height = max(picture.width for picture in drawn), sum(picture.height for picture in drawn)
    whole = Image.new("RGB", (width, height), GROUND)
    top = 0
    for picture in drawn:
        whole.paste(picture, (0, top))
        top += picture.height
    return whole


def _strip(strip: Strip) -> Image.Image:
    first = next(iter(strip.panels.values()))
    side = len(first) * enlargement(len(first))
    width = GAP + len(strip.panels) * (side + GAP)
    font = ImageFont.load_default(size=13)
    lines = [line for words in strip.words for line in _wrapped(words, width - 2 * GAP, font)]
    whole = Image.new("RGB", (width, LINE + side + GAP + LINE * len(lines) + GAP // 2), GROUND)
    pen = ImageDraw.Draw(whole)
    for place, (name, panel) in enumerate(strip.panels.items()):
        left = GAP + place * (side + GAP)
        pen.text((left, 3), name, INK, font)
        whole.paste(Image.fromarray(panel).resize((side, side), Image.Resampling.NEAREST), (left, LINE))
    for place, line in enumerate(lines):
        pen.text((GAP, LINE + side + GAP + LINE * place - 2), line, SOFT, font)
    return whole


def _wrapped(words: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> list[str]:
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
