"""Error maps, and picture files."""

import numpy as np
from numpy.typing import NDArray

from backend.ml.pretraining.pictures import picture_file
from backend.ml.runtime.contracts import Pixels

VIRIDIS = (
    (68, 1, 84), (72, 40, 120), (62, 73, 137), (49, 104, 142), (38, 130, 142),
    (31, 158, 137), (53, 183, 121), (110, 206, 88), (181, 222, 43), (253, 231, 37),
)  # fmt: skip
"""Ten even steps of matplotlib's colour map, interpolated in between."""


def colour_table() -> Pixels:
    """Viridis (256, 3)."""
    at = np.linspace(0, 1, 256)
    steps = np.linspace(0, 1, len(VIRIDIS))
    bands = [np.interp(at, steps, [colour[band] for colour in VIRIDIS]) for band in range(3)]
    return np.stack(bands, axis=1).round().astype(np.uint8)


def colour_errors(errors: NDArray[np.float64], largest: float) -> Pixels:
    """(H, W) errors as (H, W, 3) viridis; `largest` and all above it have the last colour."""
    levels = (errors / largest * 255).round().clip(0, 255).astype(np.uint8)
    return colour_table()[levels]


def png_file(picture: Pixels) -> bytes:
    """A picture (H, W, 3) as PNG, fast rather than small."""
    return picture_file(picture, format="PNG", compress_level=1)


def webp_file(picture: Pixels) -> bytes:
    """A picture (H, W, 3) as lossless WebP, fast rather than small."""
    return picture_file(picture, format="WEBP", lossless=True, quality=0, method=0)
