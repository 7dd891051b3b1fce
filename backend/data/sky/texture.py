"""Smooth random fields: clumps of star formation, and the warps of disturbed discs."""

import numpy as np
from numpy.typing import NDArray

from backend.data.sky.profiles import Map


def random_field(rng: np.random.Generator, n: int, img_size: int, scale: float) -> Map:
    """(n, H, W) fields of mean 0 and standard deviation 1 with a Gaussian power spectrum; `scale` is the
    correlation length in half-frames."""
    from scipy import fft  # scipy where galaxies are made, not in every process

    white = rng.standard_normal((n, img_size, img_size), dtype=np.float32)
    sigma = scale * img_size / 2
    rows = fft.fftfreq(img_size).astype(np.float32)[:, None]
    columns = fft.rfftfreq(img_size).astype(np.float32)[None, :]
    smooth = np.exp(-2 * (np.pi * sigma) ** 2 * (rows**2 + columns**2)).astype(np.float32)
    smooth[0, 0] = 0
    field: NDArray[np.float32] = fft.irfft2(fft.rfft2(white) * smooth, s=(img_size, img_size))
    unit: Map = field / (field.std(axis=(1, 2), keepdims=True) + np.float32(1e-6))
    return unit
