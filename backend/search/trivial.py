"""Neighbours that say nothing: the same galaxy again, or another picture of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.search.coordinates import Degrees, Position, near

Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]
EVERYONE = slice(None)
SAME_COSINE = np.float32(0.9999)
ALIKE_COSINE = np.float32(0.95)
"""With the same picture hash: alone, smooth galaxies of one size share theirs."""


@dataclass(frozen=True)
class Catalogue:
    """What tells galaxies apart, (N,) each: a number for each source, ra and dec (deg, NaN for unknown), and
    a 64-bit picture hash, 0 for none."""

    sources: NDArray[np.int64]
    ra: Degrees
    dec: Degrees
    hashes: NDArray[np.uint64]

    @classmethod
    def of(cls, source_ids: list[str], ra: Degrees, dec: Degrees, hashes: NDArray[np.uint64]) -> "Catalogue":
        """An empty id is a source of its own."""
        numbers = {name: row for row, name in enumerate(source_ids)}
        sources = [numbers[name] if name else row for row, name in enumerate(source_ids)]
        return cls(np.array(sources, np.int64), ra, dec, hashes)

    def same_place(self, row: int, arcsec: float, among: Rows | slice = EVERYONE) -> Mask:
        """Which rows `among` all are of its source, or nearer to it than `arcsec` (0 for none)."""
        same: Mask = self.sources[among] == self.sources[row]
        if arcsec > 0 and np.isfinite(self.ra[row]) and np.isfinite(self.dec[row]):
            same |= near(self.ra[among], self.dec[among], Position(self.ra[row], self.dec[row]), arcsec)
        return same

    def same_picture(self, row: int, cosine: NDArray[np.float32], among: Rows | slice = EVERYONE) -> Mask:
        """Which rows `among` all are near-identical images, by their cosine with it and their hashes."""
        hashes = self.hashes[among]
        hashed = hashes == self.hashes[row] if self.hashes[row] else np.zeros(len(cosine), np.bool_)
        return near_identical(cosine) | (hashed & (cosine >= ALIKE_COSINE))


def near_identical(cosine: NDArray[np.float32]) -> Mask:
    """Rows (N,) whose features are as good as the same."""
    return cosine >= SAME_COSINE
