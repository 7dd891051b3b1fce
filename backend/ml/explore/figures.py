"""How close a picture of predicted patches is to the galaxy: PSNR, SSIM and the seams between patches.

Images are float64 (H, W, C) on the display scale, 0 to 1; `removed` (H, W) is True on pixels of removed
patches.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

Image = NDArray[np.float64]
Region = NDArray[np.bool_]
WINDOW = 7
K1, K2 = 0.01, 0.03


def psnr_db(picture: Image, truth: Image, removed: Region) -> float | None:
    """10·log₁₀(1 / mean squared error) over the removed pixels; None without an error, or without pixels."""
    if not removed.any():
        return None
    error = float(np.square(picture[removed] - truth[removed]).mean())
    return float(-10 * np.log10(error)) if error > 0 else None


def ssim(picture: Image, truth: Image, removed: Region) -> float | None:
    """Structural similarity (Wang et al. 2004, eq. 13, windows of 7 × 7 pixels of even weight) of the whole
    pictures, averaged over removed pixels and bands; None without such pixels."""
    if not removed.any():
        return None
    mean_a, mean_b = _local_mean(picture), _local_mean(truth)
    variance_a = _local_mean(picture * picture) - mean_a**2
    variance_b = _local_mean(truth * truth) - mean_b**2
    covariance = _local_mean(picture * truth) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + K1**2) / (mean_a**2 + mean_b**2 + K1**2)
    structure = (2 * covariance + K2**2) / (variance_a + variance_b + K2**2)
    return float((luminance * structure)[removed].mean())


def seam(picture: Image, removed: Region, patch_size: int) -> float | None:
    """Mean |Δ| of neighbouring pixels across the borders of removed patches over that inside them: 1 means no
    seam (docs/science.md §4.5). None without a removed patch, or if they are uniform."""
    across: list[Image] = []
    inside: list[Image] = []
    for turned, region in ((picture, removed), (picture.swapaxes(0, 1), removed.T)):
        step = np.abs(np.diff(turned, axis=0))  # (H − 1, W, C)
        at_border = (np.arange(len(step)) + 1) % patch_size == 0
        touches = region[1:] | region[:-1]
        across.append(step[touches & at_border[:, None]])
        inside.append(step[touches & ~at_border[:, None]])
    borders, interiors = np.concatenate(across), np.concatenate(inside)
    if not len(borders) or not interiors.any():
        return None
    return float(borders.mean() / interiors.mean())


def _local_mean(image: Image) -> Image:
    mean: Image = uniform_filter(image, size=(WINDOW, WINDOW, 1), mode="reflect")
    return mean
