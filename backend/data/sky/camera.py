"""From light to a picture: other objects in the field, seeing, sky noise, asinh stretch."""

import numpy as np
from numpy.typing import NDArray

from backend.data.sky.profiles import Map

STAMP_SHARE = 4
SOFTENING = 6.0
WHITE = 300.0
"""Light, in units of the sky noise, that is drawn white."""


def add_neighbours(light: Map, rng: np.random.Generator) -> None:
    """Add field stars and small galaxies, drawn in stamps a quarter of the frame wide, in place.

    light (n, 3, H, W) in units of the sky noise.
    """
    n, _, img_size, _ = light.shape
    counts = rng.poisson(4.5, n)
    owner = np.repeat(np.arange(n), counts)
    m = len(owner)
    if m == 0:
        return
    side = img_size // STAMP_SHARE
    centre = rng.uniform(0, img_size, (m, 2)).astype(np.float32)
    corner = np.floor(centre).astype(np.int64) - side // 2
    offset = np.arange(side, dtype=np.float32) + 0.5
    dy = corner[:, 0, None, None] + offset[None, :, None] - centre[:, 0, None, None]
    dx = corner[:, 1, None, None] + offset[None, None, :] - centre[:, 1, None, None]
    stamps = _objects(rng, dx, dy, img_size)
    rows = corner[:, 0, None] + np.arange(side)
    columns = corner[:, 1, None] + np.arange(side)
    inside = ((rows >= 0) & (rows < img_size))[:, :, None] & ((columns >= 0) & (columns < img_size))[:, None]
    which, top, left = np.nonzero(inside)
    place = (owner[which], rows[which, top], columns[which, left])
    for band in range(3):
        np.add.at(light[:, band], place, stamps[which, band, top, left])


def _objects(rng: np.random.Generator, dx: Map, dy: Map, img_size: int) -> Map:
    """(m, 3, side, side) stars (a third) and exponential discs, few bright and many faint."""
    m = len(dx)
    angle = rng.uniform(0, np.pi, (m, 1, 1)).astype(np.float32)
    star = rng.random((m, 1, 1)) < 0.35
    q = np.where(star, 1.0, rng.uniform(0.35, 1.0, (m, 1, 1))).astype(np.float32)
    scale = np.where(star, 0.009, rng.uniform(0.012, 0.032, (m, 1, 1))).astype(np.float32) * img_size / 2
    scale = np.maximum(scale, 0.45)
    u = dx * np.cos(angle) + dy * np.sin(angle)
    v = (dy * np.cos(angle) - dx * np.sin(angle)) / q
    r = np.sqrt(u * u + v * v)
    edge = np.clip(1 - np.maximum(np.abs(dx), np.abs(dy)) / (dx.shape[-1] / 2), 0, 0.3) / 0.3
    peak = 8 * rng.pareto(1.1, (m, 1, 1)).astype(np.float32) + 4
    shape = np.minimum(peak, 400) * np.exp(-r / scale) * edge
    tilt = rng.normal(0.05, 0.28, (m, 1, 1, 1)).astype(np.float32)
    tint = np.exp(tilt * np.array([1, 0, -1], np.float32)[None, :, None, None])
    objects: Map = (shape[:, None] * tint).astype(np.float32)
    return objects


def blur(light: Map, sigma: NDArray[np.float32]) -> Map:
    """Gaussian seeing of standard deviation sigma (n,) pixels; no light crosses the frame's edge."""
    img_size = light.shape[-1]
    pixel = np.arange(img_size, dtype=np.float32)
    apart = (pixel[:, None] - pixel[None, :]) ** 2
    kernel = np.exp(-apart[None] / (2 * sigma[:, None, None] ** 2))
    kernel /= kernel.sum(axis=2, keepdims=True)
    spread: Map = kernel[:, None] @ light @ kernel[:, None].transpose(0, 1, 3, 2)
    return spread


def add_noise(light: Map, rng: np.random.Generator, depth: NDArray[np.float32]) -> Map:
    """Light with photon and sky noise; sky noise of standard deviation depth (n,) is slightly
    correlated between pixels, as after the resampling of a survey."""
    white = rng.standard_normal(light.shape, dtype=np.float32)
    grain = 0.78 * white
    grain[..., 1:] += 0.44 * white[..., :-1]
    grain[..., 1:, :] += 0.44 * white[..., :-1, :]
    sigma = np.sqrt(depth[:, None, None, None] ** 2 + np.maximum(light, 0) * np.float32(0.06))
    noisy: Map = light + sigma * grain
    return noisy


def stretch(light: Map, sky: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(n, H, W, 3) pictures: asinh of the mean over bands keeps colours, and
    brighter values fade to white; the sky has the grey level sky (n,), as after an imperfect
    subtraction."""
    mean = np.maximum(light.mean(axis=1, keepdims=True), 1e-3)
    top = np.float32(np.arcsinh(WHITE / SOFTENING))
    scaled = light * (np.arcsinh(mean / SOFTENING) / (top * mean))
    peak = np.maximum(scaled.max(axis=1, keepdims=True), 1)
    picture = scaled / peak ** np.float32(0.55) * 246 + sky[:, None, None, None]
    pixels: NDArray[np.uint8] = np.clip(picture, 0, 255).round().astype(np.uint8)
    return pixels.transpose(0, 2, 3, 1)
