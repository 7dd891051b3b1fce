"""Surface brightness of a galaxy's parts, for n galaxies at once.

Maps are (n, H, W) float32. Lengths are in half-frames (the image spans −1 to 1), angles in radians; a
parameter is (n, 1, 1) so that it broadcasts over its galaxy's pixels.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.floating[Any]]


def grid(img_size: int) -> tuple[Map, Map]:
    """(1, H, W) pixel-centre coordinates x (right) and y (down)."""
    axis = ((np.arange(img_size, dtype=np.float32) + 0.5) * 2 / img_size - 1).astype(np.float32)
    return axis[None, None, :], axis[None, :, None]


def turn(x: Map, y: Map, angle: Map) -> tuple[Map, Map]:
    """Coordinates along and across an axis at `angle`."""
    cos, sin = np.cos(angle), np.sin(angle)
    return x * cos + y * sin, y * cos - x * sin


def radius(x: Map, y: Map, q: Map | float) -> Map:
    """Elliptical radius with axis ratio q, softened by about half a pixel of a 64-pixel frame."""
    y = y / q
    soft: Map = np.sqrt(x * x + y * y + np.float32(1.5e-4))
    return soft


def sersic(r: Map, r_eff: Map, n: Map | float) -> Map:
    """Sérsic profile, 1 at the half-light radius r_eff."""
    b = 2 * n - np.float32(1 / 3)
    profile: Map = np.exp(-b * ((r / r_eff) ** (1 / n) - 1))
    return profile


def edge_on_disc(along: Map, across: Map, h: Map, h_z: Map) -> Map:
    """Exponential disc of scale h seen edge-on, sech² of scale height h_z; 1 at the centre."""
    z = np.minimum(np.abs(across) / h_z, 12)
    layer = 4 * np.exp(-2 * z) / (1 + np.exp(-2 * z)) ** 2
    disc: Map = np.exp(-np.sqrt(along * along + 0.02 * h * h) / h) * layer
    return disc


def bar(along: Map, across: Map, length: Map, width: Map) -> Map:
    """A boxy bar with flat light along most of its length; 1 at the centre."""
    u, v = along / length, across / width
    u2 = u * u
    light: Map = np.exp(-(u2 * u2) - np.abs(v) ** np.float32(1.5))
    return light


def arm_phase(r: Map, theta: Map, arms: Map, pitch: Map, r_start: Map, phase: Map) -> Map:
    """Angle across logarithmic arms: 0 on a ridge, ±π between; at r_start the ridge is at `phase`."""
    across: Map = arms * (theta - phase - np.log(r / r_start) / np.tan(pitch))
    return across


def ridge(angle: Map, sharpness: Map) -> Map:
    """von Mises ridge: 1 at angle 0; larger sharpness is narrower."""
    light: Map = np.exp(sharpness * (np.cos(angle) - 1))
    return light


def smooth_step(r: Map, edge: Map, width: Map | float) -> Map:
    """From 0 inside `edge` to 1 outside it."""
    step: Map = 1 / (1 + np.exp(-(np.clip((r - edge) / width, -30, 30))))
    return step


def tail(x: Map, y: Map, start: Map, sweep: Map, opening: Map, width: Map) -> Map:
    """A tidal tail: one arm from angle `start`, curling by `sweep` while it opens to radius `opening`.

    Brightness falls and width grows outwards; 1 at the root.
    """
    r = np.sqrt(x * x + y * y + np.float32(1e-4))
    along = r / opening
    ridge_angle = start + sweep * along
    turned = np.arctan2(y, x) - ridge_angle
    off = np.sin(turned / 2) * 2 * r
    fade = np.exp(-along * along * 1.2) * np.minimum(along * 3, 1)
    light: Map = fade * np.exp(-((off / (width * (0.5 + along))) ** 2))
    return light


def random_field(rng: np.random.Generator, n: int, img_size: int, scale: float) -> Map:
    """(n, H, W) smooth random fields, for clumps and warps: mean 0, standard deviation 1, a Gaussian power
    spectrum of correlation length `scale` in half-frames."""
    from scipy import fft  # on first use: most processes simulate nothing

    white = rng.standard_normal((n, img_size, img_size), dtype=np.float32)
    sigma = scale * img_size / 2
    rows = fft.fftfreq(img_size).astype(np.float32)[:, None]
    columns = fft.rfftfreq(img_size).astype(np.float32)[None, :]
    smooth = np.exp(-2 * (np.pi * sigma) ** 2 * (rows**2 + columns**2)).astype(np.float32)
    smooth[0, 0] = 0
    field: NDArray[np.float32] = fft.irfft2(fft.rfft2(white) * smooth, s=(img_size, img_size))
    unit: Map = field / (field.std(axis=(1, 2), keepdims=True) + np.float32(1e-6))
    return unit
