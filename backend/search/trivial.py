"""Trivial neighbours: the same galaxy again, or another picture of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.search.coordinates import ARCSEC_PER_DEG, Degrees, Position, near, separations_arcsec

Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]
EVERYONE = slice(None)
SAME_COSINE = np.float32(0.9999)
ALIKE_COSINE = np.float32(0.95)
"""With the same image hash; the hash alone is not enough, since smooth galaxies of one size share it."""
APART_ARCSEC = 60.0
"""Galaxies of different ids this far apart are two, however alike they look."""


@dataclass(frozen=True)
class Catalogue:
    """What identifies galaxies, (N,) each: a number for each source, ra and dec (deg, NaN for unknown), and a
    64-bit image hash, 0 for none."""

    sources: NDArray[np.int64]
    ra: Degrees
    dec: Degrees
    hashes: NDArray[np.uint64]

    @classmethod
    def of(cls, source_ids: list[str], ra: Degrees, dec: Degrees, hashes: NDArray[np.uint64]) -> "Catalogue":
        """Number the sources; an empty id is a source of its own."""
        numbers = {name: row for row, name in enumerate(source_ids)}
        sources = [numbers[name] if name else row for row, name in enumerate(source_ids)]
        return cls(np.array(sources, np.int64), ra, dec, hashes)

    def same_place(self, row: int, arcsec: float, among: Rows | slice = EVERYONE) -> Mask:
        """Which rows `among` all are of the same source, or nearer than `arcsec` (0: by source only)."""
        same: Mask = self.sources[among] == self.sources[row]
        if arcsec > 0 and np.isfinite(self.ra[row]) and np.isfinite(self.dec[row]):
            same |= near(self.ra[among], self.dec[among], Position(self.ra[row], self.dec[row]), arcsec)
        return same

    def same_picture(self, row: int, cosine: NDArray[np.float32], among: Rows | slice = EVERYONE) -> Mask:
        """Which rows `among` all are near-identical images, by cosine and hash, and not known to lie
        elsewhere on the sky."""
        others = np.arange(len(self.sources))[among]
        return self._same_picture(np.full(len(others), row), others, cosine)

    def again(self, rows: Rows, others: Rows, cosine: NDArray[np.float32], arcsec: float) -> Mask:
        """Which pairs (m,) are one galaxy, by source, position, cosine or hash."""
        same: Mask = self.sources[rows] == self.sources[others]
        return same | self._same_picture(rows, others, cosine) | self._near(rows, others, arcsec)

    def _same_picture(self, rows: Rows, others: Rows, cosine: NDArray[np.float32]) -> Mask:
        hashes = self.hashes[rows]
        hashed = (hashes == self.hashes[others]) & (hashes > 0)
        alike: Mask = near_identical(cosine) | (hashed & (cosine >= ALIKE_COSINE))
        at = np.flatnonzero(alike)
        alike[at] = ~self._elsewhere(rows[at], others[at])
        return alike

    def _elsewhere(self, rows: Rows, others: Rows) -> Mask:
        """Which pairs (m,) have different ids and positions far apart."""
        place = (values[pair] for pair in (rows, others) for values in (self.ra, self.dec))
        apart: Mask = separations_arcsec(*place) > APART_ARCSEC  # False for NaN
        apart &= self.sources[rows] != self.sources[others]
        return apart

    def _near(self, rows: Rows, others: Rows, arcsec: float) -> Mask:
        """Which pairs (m,) are nearer than `arcsec` on the sky; none of unknown position."""
        close = np.abs(self.dec[rows] - self.dec[others]) * ARCSEC_PER_DEG < arcsec
        at = np.flatnonzero(close)
        one, other = rows[at], others[at]
        apart = separations_arcsec(self.ra[one], self.dec[one], self.ra[other], self.dec[other])
        close[at] = apart < arcsec
        return close


def near_identical(cosine: NDArray[np.float32]) -> Mask:
    """Which (N,) have practically the same features."""
    return cosine >= SAME_COSINE
