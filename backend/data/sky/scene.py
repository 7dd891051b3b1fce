"""A block of simulated galaxies, photographed."""

import numpy as np
from numpy.typing import NDArray

from backend.data.sky.anatomy import draw_class
from backend.data.sky.camera import add_neighbours, add_noise, blur, stretch
from backend.data.sky.profiles import grid

SIZES = (0.30, 0.48)
"""Half-light scales, in half-frames."""
BRIGHTNESS = 100.0
"""Median level of the brightest twenty-fifth of a frame, in units of the sky noise."""
BRIGHTNESS_SPREAD = 0.5
"""Standard deviation of its logarithm."""
COLOUR_TILT = 0.10
"""Standard deviation of the logarithm of red over green."""
DEPTH = (0.9, 1.2)
"""Sky noise; it varies little within a survey."""
SEEING = (0.013, 0.019)
"""Standard deviation, in half-frames."""
SKY = (2.0, 32.0)
"""Grey level of the empty sky."""


def photograph(labels: NDArray[np.int64], img_size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(n, H, W, 3) pictures of one galaxy for each label (n,), classes of Galaxy10 DECaLS.

    Size, place, brightness, tint, seeing and depth vary independently of the class.
    """
    n = len(labels)
    light = np.empty((n, 3, img_size, img_size), np.float32)
    size = np.exp(rng.uniform(np.log(SIZES[0]), np.log(SIZES[1]), n)).astype(np.float32)
    shift = rng.normal(0, 0.05, (2, n, 1, 1)).clip(-0.15, 0.15).astype(np.float32)
    x, y = grid(img_size)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        light[rows] = draw_class(int(label), rng, x - shift[0, rows], y - shift[1, rows], size[rows])
    light *= _exposure(light, rng)
    light *= _reddening(n, rng)
    add_neighbours(light, rng)
    seeing = rng.uniform(*SEEING, n).astype(np.float32) * img_size / 2
    light = blur(light, np.maximum(seeing, 0.5))
    light = add_noise(light, rng, rng.uniform(*DEPTH, n).astype(np.float32))
    return stretch(light, rng.uniform(*SKY, n).astype(np.float32))


def _reddening(n: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(n, 3, 1, 1) factors on red, green, blue: dust and redshift tilt colours in every class."""
    tilt = rng.normal(0, COLOUR_TILT, (n, 1, 1, 1)) * np.array([1.0, 0.0, -1.0])[:, None, None]
    factors: NDArray[np.float32] = np.exp(tilt + rng.normal(0, 0.02, (n, 3, 1, 1))).astype(np.float32)
    return factors


def _exposure(light: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """(n, 1, 1, 1) factors that bring the brightest twenty-fifth of each frame to a random level, in units
    of the sky noise."""
    n, _, img_size, _ = light.shape
    flat = light.mean(axis=1).reshape(n, -1)
    bright = np.partition(flat, -flat.shape[1] // 25, axis=1)[:, -flat.shape[1] // 25 :].mean(axis=1)
    target = np.exp(rng.normal(np.log(BRIGHTNESS), BRIGHTNESS_SPREAD, n))
    factors: NDArray[np.float32] = (target / bright)[:, None, None, None].astype(np.float32)
    return factors
