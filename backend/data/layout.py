"""The contents of a dataset file: key names, a block of galaxies, and how bands become a picture.

One HDF5 file per dataset, in the layout of Galaxy10_DECals.h5 (images, ans, ra, dec, redshift, pxscale) plus
split, source_id, image_hash and attributes; contiguous and uncompressed, so pixels can be memory-mapped.
`targets` (N, T) float64 with NaN for missing, where there are any; their names and units are in the JSON text
`target_columns`.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.contract.datasets import SkippedRow

FORMAT = "galaxyscope-1"
SKY_KEYS = ("ra", "dec", "redshift", "pxscale")
MAX_CHANNELS = 5
MAX_CLASSES = 256
MAX_CLASS_NAME = 60
MAX_SKIPPED = 100
MIN_ROWS = 10

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Pixels = NDArray[np.uint8]

GALAXY10_DECALS = (
    "Disturbed",
    "Merging",
    "Round Smooth",
    "In-between Round Smooth",
    "Cigar Shaped Smooth",
    "Barred Spiral",
    "Unbarred Tight Spiral",
    "Unbarred Loose Spiral",
    "Edge-on without Bulge",
    "Edge-on with Bulge",
)
"""Classes 0 to 9 of Galaxy10 DECaLS."""


def unknown(n: int) -> Floats:
    """(n,) NaN: a quantity that the source does not have."""
    return np.full(n, np.nan)


def evenly_spaced(rows: Rows, at_most: int | None) -> Rows:
    """All rows, or `at_most` of them, evenly spaced, first and last included."""
    if at_most is None or len(rows) <= at_most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, at_most).round().astype(np.int64)]


@dataclass
class GalaxyBlock:
    """Consecutive galaxies of a source: images (n, H, W, C), labels (n,) with −1 for unlabelled,
    ra and dec in deg, pxscale in arcsec per pixel, NaN where unknown.

    `splits` (n,) are codes of SPLIT_CODES from the source, in every block or none; then new ones are made.
    `groups` (n,) are numbers whose equals must share a split, −1 for none. `targets` (n,) are NaN where
    missing.
    """

    images: Pixels
    labels: Rows
    source_ids: list[str]
    sky: dict[str, Floats] = field(default_factory=dict)
    splits: NDArray[np.uint8] | None = None
    groups: Rows | None = None
    targets: dict[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.images)


@dataclass
class DatasetPlan:
    """A dataset before its pixels are read; `n` is an upper bound. `display` (3, C) are the weights that turn
    bands into red, green, blue, None for display_weights(); `stretch` says how values became 8 bits;
    `targets` are the units of the targets by name."""

    n: int
    img_size: int
    channels: int
    class_names: list[str]
    bands: list[str]
    provenance: dict[str, Any]
    licence: str = "not stated"
    simulated: bool = False
    split_seed: int = 0
    stretch: str = "as in the source"
    display: list[list[float]] | None = None
    targets: dict[str, str] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """Bytes of the pixels."""
        return self.n * self.img_size * self.img_size * self.channels


@dataclass
class SkipLog:
    """Images left out: all counted, the first hundred named."""

    count: int = 0
    first: list[SkippedRow] = field(default_factory=list)

    def add(self, source: str, reason: str) -> None:
        """Count one more; texts are cut to 160 characters."""
        self.count += 1
        if len(self.first) < MAX_SKIPPED:
            self.first.append(SkippedRow(source=source[-160:], reason=reason[:160]))


def default_bands(channels: int) -> list[str]:
    """Names for bands that the source does not name."""
    named = {1: ["grey"], 3: ["red", "green", "blue"]}
    return named.get(channels, [f"band {c + 1}" for c in range(channels)])


def display_weights(channels: int) -> list[list[float]]:
    """(3, C) weights that turn bands into red, green, blue: 1 → grey, 2 → blue and red with their mean
    between, 3 → as they are, 4 and 5 (griz, ugriz) → i, r, g."""
    picks = {1: (0, 0, 0), 3: (0, 1, 2), 4: (2, 1, 0), 5: (3, 2, 1)}
    if channels == 2:
        return [[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]]
    return [[float(band == pick) for band in range(channels)] for pick in picks[channels]]
