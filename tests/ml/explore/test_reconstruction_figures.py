"""PSNR, SSIM and seam against values worked out by hand."""

import numpy as np
import pytest

from backend.ml.explore.figures import psnr_db, seam, ssim

ALL = np.ones((16, 16), bool)
NONE = np.zeros((16, 16), bool)


def flat(value: float, bands: int = 1) -> np.ndarray:
    return np.full((16, 16, bands), value)


def noise(bands: int = 1) -> np.ndarray:
    return np.random.default_rng(0).uniform(size=(16, 16, bands))


def test_psnr_is_twenty_decibels_for_an_error_of_a_tenth() -> None:
    assert psnr_db(flat(0.5), flat(0.4), ALL) == pytest.approx(20.0)


def test_psnr_looks_at_removed_pixels_only() -> None:
    picture, removed = flat(0.5), NONE.copy()
    picture[:8] = 0.9
    removed[8:] = True
    assert psnr_db(picture, flat(0.49), removed) == pytest.approx(40.0)


def test_nothing_removed_or_no_error_has_no_psnr() -> None:
    assert psnr_db(flat(0.5), flat(0.4), NONE) is None
    assert psnr_db(flat(0.5), flat(0.5), ALL) is None
    assert ssim(flat(0.5), flat(0.4), NONE) is None
    assert seam(noise(), NONE, 4) is None


def test_ssim_of_the_same_picture_is_one() -> None:
    assert ssim(noise(3), noise(3), ALL) == pytest.approx(1.0)


def test_ssim_of_two_even_pictures_is_the_luminance_term() -> None:
    expected = (2 * 0.5 * 0.3 + 1e-4) / (0.5**2 + 0.3**2 + 1e-4)
    assert ssim(flat(0.5), flat(0.3), ALL) == pytest.approx(expected)


def test_ssim_of_one_window_is_the_formula() -> None:
    """The window around the middle of 7 × 7 pixels is the whole picture."""
    rng = np.random.default_rng(1)
    a, b = rng.uniform(size=(7, 7, 1)), rng.uniform(size=(7, 7, 1))
    middle = np.zeros((7, 7), bool)
    middle[3, 3] = True
    covariance = ((a - a.mean()) * (b - b.mean())).mean()
    luminance = (2 * a.mean() * b.mean() + 1e-4) / (a.mean() ** 2 + b.mean() ** 2 + 1e-4)
    structure = (2 * covariance + 9e-4) / (a.var() + b.var() + 9e-4)
    assert ssim(a, b, middle) == pytest.approx(luminance * structure)


def ramp(jump: float) -> np.ndarray:
    """Rises by 0.01 a row, and by `jump` across each border of the rows of patches of 4."""
    steps = np.full(15, 0.01)
    steps[[3, 7, 11]] = jump
    rows = np.concatenate([[0], steps.cumsum()])
    return np.repeat(rows[:, None], 16, axis=1)[..., None]


def test_a_picture_that_varies_alike_everywhere_has_no_seam() -> None:
    even = ramp(0.01) + ramp(0.01).swapaxes(0, 1)
    assert seam(even, ALL, 4) == pytest.approx(1.0)


def test_a_jump_across_borders_is_a_seam_of_its_size() -> None:
    """Of 6 border lines 3 jump by 0.05 and 3 by 0; of 24 lines inside 12 step by 0.01 and 12 by 0."""
    assert seam(ramp(0.05), ALL, 4) == pytest.approx(5.0)


def test_only_borders_that_touch_a_removed_patch_count() -> None:
    picture, removed = ramp(0.01) + ramp(0.01).swapaxes(0, 1), NONE.copy()
    picture[:, 12:] += 0.5  # a jump far from the removed patch
    removed[:4, :4] = True
    assert seam(picture, removed, 4) == pytest.approx(1.0)
    removed[:4, 8:12] = True
    assert seam(picture, removed, 4) > 5


def test_an_even_picture_has_no_seam_figure() -> None:
    assert seam(flat(0.5), ALL, 4) is None
