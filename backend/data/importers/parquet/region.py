"""A part of the sky, and which HEALPix pixels it meets."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from backend.data.layout import Floats
from shared.configs import ImportConfig

FINER = 8
"""Orders below a pixel down to which its overlap with a region is decided: 1/256 of its side."""
WIDEST_PIXEL = 1.05
"""Upper bound of the distance from the centre of a HEALPix pixel to its corners, in square roots of its area:
0.822 at order 0, 1.0431 at high orders."""
_ROW_OF_BASE = np.array([2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4])
_COLUMN_OF_BASE = np.array([1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7])


class Region(Protocol):
    """A part of the sky; right ascension and declination in degrees throughout."""

    def contains(self, ra: Floats, dec: Floats) -> NDArray[np.bool_]:
        """(n,) whether each position is inside; never for NaN."""
        ...

    def distance(self, ra: Floats, dec: Floats) -> Floats:
        """(n,) degrees to the region at least, 0 inside."""
        ...


@dataclass(frozen=True)
class Cone:
    """All positions within `radius` of a position."""

    ra: float
    dec: float
    radius: float

    def contains(self, ra: Floats, dec: Floats) -> NDArray[np.bool_]:
        return self._separation(ra, dec) <= self.radius

    def distance(self, ra: Floats, dec: Floats) -> Floats:
        return np.maximum(self._separation(ra, dec) - self.radius, 0)

    def _separation(self, ra: Floats, dec: Floats) -> Floats:
        """Degrees from the centre, by the haversine, which is exact for small angles."""
        lon, lat = np.radians(ra - self.ra), np.radians(dec)
        own = np.radians(self.dec)
        half = np.sin((lat - own) / 2) ** 2 + np.cos(lat) * np.cos(own) * np.sin(lon / 2) ** 2
        return np.asarray(np.degrees(2 * np.arcsin(np.sqrt(np.clip(half, 0, 1)))))


@dataclass(frozen=True)
class Box:
    """Right ascension from `west` eastwards to `east`, through 0 if `west` is larger, and a range of
    declination; borders belong to it."""

    west: float
    east: float
    south: float
    north: float

    def contains(self, ra: Floats, dec: Floats) -> NDArray[np.bool_]:
        return self._within(ra) & (dec >= self.south) & (dec <= self.north)

    def distance(self, ra: Floats, dec: Floats) -> Floats:
        """To the nearer of the two meridians, or of the two parallels: never more than the true one."""
        up = np.maximum(np.maximum(self.south - dec, dec - self.north), 0)
        aside = np.minimum(_to_meridian(ra - self.west, dec), _to_meridian(ra - self.east, dec))
        return np.asarray(np.where(self._within(ra), up, np.maximum(up, aside)))

    def _within(self, ra: Floats) -> NDArray[np.bool_]:
        if self.east - self.west >= 360:
            return np.isfinite(ra)
        return np.asarray((ra - self.west) % 360 <= (self.east - self.west) % 360)


def _to_meridian(turn: Floats, dec: Floats) -> Floats:
    """Degrees to a meridian, from pole to pole, that is `turn` degrees of right ascension away."""
    near = np.cos(np.radians(turn)) > 0
    sine = np.clip(np.cos(np.radians(dec)) * np.abs(np.sin(np.radians(turn))), 0, 1)
    return np.asarray(np.where(near, np.degrees(np.arcsin(sine)), 90 - np.abs(dec)))


def region_of(config: ImportConfig) -> Region | None:
    """The region that `cone` or `box` describes."""
    if config.cone is not None:
        return Cone(*map(float, config.cone.split(",")))
    return Box(*map(float, config.box.split(","))) if config.box is not None else None


def pixels_met(region: Region, order: int, pixels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(n,) whether each nested HEALPix pixel of this order has a part of the region. Where the border of a
    region touches the border of a pixel, one that is missed by under 1/256 of its side may count."""
    met = np.zeros(len(pixels), np.bool_)
    place, left = np.arange(len(pixels)), np.asarray(pixels, np.int64)
    for level in range(order, order + FINER + 1):
        gap = region.distance(*pixel_centres(level, left))
        met[place[gap == 0]] = True
        reach = WIDEST_PIXEL * np.degrees(np.sqrt(np.pi / 3) / 2**level)
        open_ = (gap <= reach) & ~met[place]
        if level == order + FINER:
            met[place[open_]] = True
            break
        place, left = place[open_].repeat(4), (4 * left[open_, None] + np.arange(4)).reshape(-1)
    return met


def pixel_centres(order: int, pixels: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Right ascension and declination (n,) of the centres of nested HEALPix pixels: Górski et al. 2005,
    ApJ 622, 759, eqs. 2 to 9."""
    side = 1 << order
    base, within = np.divmod(pixels, side * side)
    x, y = _every_second_bit(within, order), _every_second_bit(within >> 1, order)
    ring = _ROW_OF_BASE[base] * side - x - y - 1  # 1 to 4 side − 1, from the north
    pole = np.minimum(np.minimum(ring, 4 * side - ring), side)  # pixels in a quarter of the ring
    polar = 1 - (pole / side) ** 2 / 3
    height = np.where(pole == side, (2 * side - ring) * 2 / (3 * side), np.where(ring < side, polar, -polar))
    step = _COLUMN_OF_BASE[base] * pole + x - y  # in eighths of a turn over `pole`
    return (step / pole * 45) % 360, np.degrees(np.arcsin(height))


def _every_second_bit(values: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """The bits 0, 2, 4 … of each value, side by side."""
    out = np.zeros_like(values)
    for bit in range(bits):
        out |= ((values >> (2 * bit)) & 1) << bit
    return out
