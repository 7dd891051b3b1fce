"""Folders of FITS, 16-bit and float frames: bands, crop, resize, stretch, and frames that are left out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from backend.data.importers import inspect_source
from backend.data.importers.recipe import Recipe
from backend.data.store import GalaxyStore, describe
from backend.files import EVERYWHERE
from tests.data.conftest import receipt_of, refused, write_image

Write = Callable[..., Path]


def sky(index: int, side: int = 24, bands: int = 3) -> np.ndarray:
    """(C, H, W) float32: a bright spot in noise, each band ten times as bright as the one before."""
    rng = np.random.default_rng(index)
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    spot = np.exp(-(x**2 + y**2) / 18)
    return np.stack([10.0**b * (spot + 0.05 * rng.normal(size=spot.shape)) for b in range(bands)]).astype(
        "f4"
    )


def write_fits(path: Path, values: np.ndarray, **cards: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    hdu = fits.PrimaryHDU(values)
    hdu.header.update(cards)
    hdu.writeto(path)
    return path


@pytest.fixture
def cutouts(tmp_path: Path) -> Path:
    """Twenty FITS cut-outs of bands g, r, z."""
    for index in range(20):
        write_fits(tmp_path / "fits" / f"{index:02d}.fits", sky(index), BANDS="grz")
    return tmp_path / "fits"


def test_fits_cutouts_keep_their_bands_and_show_the_longest_as_red(run_import: Write, cutouts: Path) -> None:
    preview = inspect_source({"path": str(cutouts)}, roots=EVERYWHERE)
    assert (preview.kind, preview.dtype, preview.stretched, preview.bands) == (
        "folder",
        "float32",
        True,
        ["g", "r", "z"],
    )
    assert "z, r, g are shown as red, green, blue." in receipt_of(preview)
    with GalaxyStore.open(run_import(cutouts)) as store:
        assert store.bands == ["g", "r", "z"]
        images = store.images(np.arange(3))
        assert (store.rgb(images) == images[..., ::-1]).all()


def test_the_stretch_and_its_fitted_numbers_are_kept(run_import: Write, cutouts: Path) -> None:
    path = run_import(cutouts, stretch="linear", low_percentile=0, high_percentile=100)
    described = describe(path, "x")
    frames = np.stack([np.moveaxis(sky(i), 0, 2) for i in range(20)])
    fitted = described.provenance["stretch"]
    assert fitted["low"] == pytest.approx(frames.min(axis=(0, 1, 2)).tolist())
    assert fitted["high"] == pytest.approx(frames.max(axis=(0, 1, 2)).tolist())
    assert (fitted["curve"], fitted["sampled_frames"]) == ("linear", 20)
    assert described.stretch == "linear, 0–100 % of the dataset"
    low, high = frames.min(axis=(0, 1, 2)), frames.max(axis=(0, 1, 2))
    with GalaxyStore.open(path) as store:
        expected = np.round(255 * (frames[4].astype("f8") - low) / (high - low))[::-1]
        assert np.abs(store.images(np.array([4]))[0] - expected).max() <= 1


def test_bands_and_their_colours_can_be_named(run_import: Write, cutouts: Path) -> None:
    path = run_import(cutouts, bands="u,v,w", rgb="v,1,w")
    with GalaxyStore.open(path) as store:
        assert store.bands == ["u", "v", "w"]
        assert store.display.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert describe(path, "x").provenance["rgb"] == "v,1,w"


@pytest.mark.parametrize(
    ("config", "code", "words"),
    [
        ({"bands": "g,r"}, "bad_bands", "g,r, but the images have 3"),
        ({"rgb": "g,r"}, "bad_rgb", "names 2 bands, not 3"),
        ({"rgb": "g,r,i"}, "bad_rgb", "'i'; name three of g, r, z"),
        ({"rgb": "1,2,4"}, "bad_rgb", "'4'"),
    ],
)
def test_bands_that_are_not_there_are_refused(
    run_import: Write, cutouts: Path, store_folder: Path, config: dict[str, Any], code: str, words: str
) -> None:
    error = refused(run_import, cutouts, store_folder, **config)
    assert error.code == code
    assert words in error.detail
    assert error.field == next(iter(config))


def test_five_bands_shown_by_three_keep_all_five(run_import: Write, tmp_path: Path) -> None:
    for index in range(12):
        write_fits(tmp_path / "five" / f"{index}.fits", sky(index, bands=5))
    with GalaxyStore.open(run_import(tmp_path / "five", bands="u,g,r,i,z")) as store:
        assert (store.channels, store.display.argmax(axis=1).tolist()) == (5, [3, 2, 1])


def test_sixteen_bit_pictures_are_stretched(run_import: Write, tmp_path: Path) -> None:
    ramp = np.arange(24 * 24, dtype=np.uint16).reshape(24, 24) * 100
    (tmp_path / "deep").mkdir()
    for index in range(12):
        Image.fromarray(ramp + index).save(tmp_path / "deep" / f"{index}.png")
    path = run_import(tmp_path / "deep", stretch="linear", low_percentile=0, high_percentile=100)
    with GalaxyStore.open(path) as store:
        assert store.channels == 1
        first = store.images(np.array([0]))[0, ..., 0]
        assert (first[0, 0], first[-1, -1]) == (0, 255)
        assert (np.diff(first.reshape(-1).astype(int)) >= 0).all()


def test_blank_and_constant_frames_are_left_out_with_the_reason(run_import: Write, cutouts: Path) -> None:
    half = sky(1)
    half[:, :12] = np.nan
    write_fits(cutouts / "half.fits", half)
    write_fits(cutouts / "flat.fits", np.full((3, 24, 24), 7, "f4"))
    described = describe(run_import(cutouts), "x")
    assert described.n == 20
    reasons = {entry.source: entry.reason for entry in described.skipped}
    assert reasons == {
        "half.fits": "50.0 % of its pixels are NaN or infinite, over max_blank 5 %",
        "flat.fits": "all its pixels are 7",
    }


def test_a_constant_picture_of_eight_bits_is_left_out_too(run_import: Write, class_folders: Path) -> None:
    Image.fromarray(np.full((24, 24, 3), 9, np.uint8)).save(class_folders / "spiral" / "flat.png")
    described = describe(run_import(class_folders), "x")
    assert [(entry.source, entry.reason) for entry in described.skipped] == [
        ("spiral/flat.png", "all its pixels are 9")
    ]
    assert described.class_counts == {"smooth": 12, "spiral": 12}


def test_over_a_tenth_of_constant_frames_is_refused(
    run_import: Write, cutouts: Path, store_folder: Path
) -> None:
    for index in range(4):
        write_fits(cutouts / f"flat{index}.fits", np.full((3, 24, 24), 7, "f4"))
    error = refused(run_import, cutouts, store_folder)
    assert error.code == "unreadable_images"
    assert all(word in error.detail for word in ("4 of 24 images", "flat0.fits"))


def test_frames_of_another_number_of_bands_are_refused(
    run_import: Write, cutouts: Path, store_folder: Path
) -> None:
    write_fits(cutouts / "one.fits", sky(0, bands=1)[0])
    error = refused(run_import, cutouts, store_folder)
    assert error.code == "mixed_bands"
    assert all(word in error.detail for word in ("one.fits has 1", "00.fits has 3"))


def test_a_few_blank_pixels_do_not_blot_out_their_neighbours_when_resized(
    run_import: Write, cutouts: Path
) -> None:
    speckled = np.ones((3, 24, 24), "f4") * np.linspace(0.2, 1, 24, dtype="f4")
    speckled[:, 5, 5] = np.nan
    whole = np.ones((3, 24, 24), "f4") * np.linspace(0.2, 1, 24, dtype="f4")
    write_fits(cutouts / "speckled.fits", speckled)
    write_fits(cutouts / "whole.fits", whole)
    path = run_import(cutouts, img_size=12, stretch="linear", low_percentile=0, high_percentile=100)
    with GalaxyStore.open(path) as store:
        rows = [store.source_ids.index(f"{name}.fits") for name in ("speckled", "whole")]
        one, other = store.images(np.array(rows)).astype(int)
        assert np.abs(one - other).max() <= 8


def test_frames_of_floats_are_resized_as_floats() -> None:
    # One 9 and three −1 in each 2 × 2: the mean is 1.5, and the triangle filter keeps it off the border.
    values = np.full((16, 16, 1), -1.0, "f4")
    values[::2, ::2] = 9
    framed = Recipe(8, False, 1, ["r"], [[1.0]] * 3, deep=True).framed(values)
    assert framed.dtype == np.float32
    assert framed[1:-1, 1:-1] == pytest.approx(1.5)


def test_crop_cuts_the_centre_and_leaves_small_frames_out(run_import: Write, tmp_path: Path) -> None:
    for index in range(20):
        write_image(tmp_path / "mixed" / f"{index:02d}.png", (30, 26), seed=index)
    write_image(tmp_path / "mixed" / "small.png", (30, 12))
    preview = inspect_source(
        {"path": str(tmp_path / "mixed"), "img_size": 16, "crop": True}, roots=EVERYWHERE
    )
    crop, left_out = receipt_of(preview)
    assert "16 × 16 px" in crop
    assert all(word in left_out for word in ("1 image", "'small.png'", "30 × 12", "16 × 16"))
    path = run_import(tmp_path / "mixed", img_size=16, crop=True)
    with GalaxyStore.open(path) as store:
        source = np.asarray(Image.open(tmp_path / "mixed" / "03.png"))
        assert (store.images(np.array([3]))[0] == source[5:21, 7:23]).all()
    described = describe(path, "x")
    assert (described.n, described.skipped[0].source) == (20, "small.png")
    assert described.provenance["cropped_to"] == 16
