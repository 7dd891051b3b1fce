"""Folders of image files: one file a band, positions from headers, blank borders, 0 to 1, parts not used."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from backend.data.importers import inspect_source
from backend.data.store import GalaxyStore, describe
from backend.files import EVERYWHERE
from shared.contract.datasets import ReceiptLine, SourcePreview
from tests.data.conftest import refused, write_image
from tests.data.frames.test_fits import cards_of

Write = Callable[..., Path]
FULL: dict[str, Any] = {"stretch": "linear", "low_percentile": 0, "high_percentile": 100}


def plane(index: int, side: int = 24) -> np.ndarray:
    return np.random.default_rng(index).normal(size=(side, side)).astype("f4")


def write_fits(path: Path, values: np.ndarray, **cards: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    hdu = fits.PrimaryHDU(values)
    hdu.header.update(cards)
    hdu.writeto(path)
    return path


def inspected(path: Path, **config: Any) -> SourcePreview:
    return inspect_source({"path": str(path), **config}, roots=EVERYWHERE)


def about(receipt: list[ReceiptLine], field: str) -> list[ReceiptLine]:
    return [line for line in receipt if line.field == field]


# One file a band

NAMES = ["{id}_{band}.fits", "{id}-{band}.fits", "{band}_{id}.fits", "{band}/{id}.fits", "{id}.{band}.fits"]


@pytest.fixture
def band_folder(tmp_path: Path) -> Callable[[str], Path]:
    """Twelve galaxies in z, g, r, one file each; band b of galaxy i is plane(10·i + b)."""

    def write(pattern: str, folder: str = "bands") -> Path:
        for index in range(12):
            for place, band in enumerate("zgr"):
                name = pattern.format(id=f"NGC{index:02d}", band=band)
                write_fits(tmp_path / folder / name, plane(10 * index + place))
        return tmp_path / folder

    return write


@pytest.mark.parametrize("pattern", NAMES)
def test_one_file_a_band_is_guessed_and_said(
    run_import: Write, band_folder: Callable[[str], Path], pattern: str
) -> None:
    folder = band_folder(pattern)
    preview = inspected(folder)
    assert (preview.n, preview.bands, preview.problems) == (12, ["g", "r", "z"], [])
    assert [(line.kind, "36 files" in line.text) for line in about(preview.receipt, "band_files")] == [
        ("assumed", True)
    ]
    with GalaxyStore.open(run_import(folder, **FULL)) as store:
        assert (store.n, store.bands) == (12, ["g", "r", "z"])
        assert store.source_ids[3].startswith("NGC03")
        values = np.stack([plane(30 + place) for place in (1, 2, 0)], axis=2)[::-1].astype("f8")
        every = np.stack([[plane(10 * i + place) for i in range(12)] for place in (1, 2, 0)])
        low, high = every.min(axis=(1, 2, 3)).astype("f8"), every.max(axis=(1, 2, 3)).astype("f8")
        expected = np.round(255 * (values - low) / (high - low))
        assert np.abs(store.images(np.array([3]))[0] - expected).max() <= 1


def test_one_file_a_band_can_be_declined_or_spelt_out(run_import: Write, tmp_path: Path) -> None:
    for index in range(12):
        for band in ("F435W", "F606W"):
            write_fits(tmp_path / "hst" / f"{index}_{band}_drz.fits", plane(index))
    assert inspected(tmp_path / "hst").n == 24
    preview = inspected(tmp_path / "hst", band_files="{id}_{band}_drz")
    assert (preview.n, preview.bands) == (12, ["F435W", "F606W"])
    assert inspected(tmp_path / "hst", band_files="{id}_{band}_drz", bands="F606W,F435W").bands == [
        "F606W",
        "F435W",
    ]
    assert inspected(tmp_path / "hst", band_files="-").n == 24
    problems = inspected(tmp_path / "hst", band_files="x{id}_{band}").problems
    assert [(problem.code, problem.field) for problem in problems] == [("bad_band_files", "band_files")]


def test_images_that_lack_a_band_are_left_out_by_name(
    run_import: Write, band_folder: Callable[[str], Path]
) -> None:
    folder = band_folder("{id}_{band}.fits")
    (folder / "NGC05_r.fits").unlink()
    write_fits(folder / "overview.fits", plane(1))
    made = describe(run_import(folder), "x")
    assert made.n == 11
    skipped = {line.count: line for line in made.receipt if line.kind == "skipped"}
    assert "r of 1" in [line.text for line in made.receipt if line.first == "NGC05.fits"][0]
    assert [line.first for line in made.receipt if line.kind == "skipped"] == ["NGC05.fits", "overview.fits"]
    assert set(skipped) == {1}


def test_a_table_names_galaxies_of_one_file_a_band(
    run_import: Write, band_folder: Callable[[str], Path]
) -> None:
    folder = band_folder("{id}_{band}.fits")
    (folder / "labels.csv").write_text(
        "file,class\n" + "".join(f"NGC{i:02d},{'ab'[i % 2]}\n" for i in range(12))
    )
    made = describe(run_import(folder), "x")
    assert (made.n, made.class_counts, made.bands) == (12, {"a": 6, "b": 6}, ["g", "r", "z"])


def test_class_folders_of_one_file_a_band_keep_their_classes(
    run_import: Write, band_folder: Callable[..., Path], tmp_path: Path
) -> None:
    for name in ("smooth", "spiral"):
        band_folder("{id}_{band}.fits", f"classes/{name}")
    made = describe(run_import(tmp_path / "classes"), "x")
    assert (made.n, made.class_counts) == (24, {"smooth": 12, "spiral": 12})


def test_class_folders_of_pictures_named_like_bands_stay_classes(tmp_path: Path) -> None:
    for name in "gr":
        for index in range(8):
            write_image(tmp_path / "c" / name / f"{index}.png", seed=index)
    assert inspected(tmp_path / "c").class_counts == {"g": 8, "r": 8}


def test_bands_of_different_sizes_are_left_out(run_import: Write, band_folder: Callable[[str], Path]) -> None:
    folder = band_folder("{id}_{band}.fits")
    (folder / "NGC05_r.fits").unlink()
    write_fits(folder / "NGC05_r.fits", plane(1, side=20))
    made = describe(run_import(folder), "x")
    assert (made.n, [row.source for row in made.skipped]) == (11, ["NGC05.fits"])


# Parts of files


def test_what_is_not_read_of_fits_files_is_in_the_receipt(run_import: Write, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    for index in range(300):
        hdus = [fits.PrimaryHDU(), *(fits.ImageHDU(plane(index + b), name=n) for b, n in enumerate("gr"))]
        hdus += [fits.ImageHDU(plane(index), name="IVAR"), fits.ImageHDU(plane(index), name="MASK")]
        fits.HDUList(hdus).writeto(tmp_path / "m" / f"{index:03d}.fits")
    made = describe(run_import(tmp_path / "m"), "x")
    assert (made.n, made.bands) == (300, ["G", "R"])
    skipped = [
        (line.count, line.first, line.text.split()[4]) for line in made.receipt if line.kind == "skipped"
    ]
    assert skipped == [(300, "000.fits", "IVAR"), (300, "000.fits", "MASK")]
    assert ["300 images" in line.text for line in about(made.receipt, "hdus")] == [True]
    one = describe(run_import(tmp_path / "m", name="one", hdus="IVAR"), "x")
    assert len(one.bands) == 1


def test_files_whose_bands_are_in_another_order_are_refused(
    run_import: Write, tmp_path: Path, store_folder: Path
) -> None:
    for index in range(12):
        cube = np.stack([plane(index + band) for band in range(3)])
        write_fits(tmp_path / "o" / f"{index:02d}.fits", cube, BANDS="zrg" if index == 7 else "grz")
    error = refused(run_import, tmp_path / "o", store_folder)
    assert (error.code, error.field, "07.fits" in error.detail) == ("mixed_bands", "bands", True)


def test_a_file_of_another_size_after_the_first_headers_is_found(
    run_import: Write, tmp_path: Path, store_folder: Path
) -> None:
    for index in range(400):
        write_image(tmp_path / "p" / f"{index:03d}.png", (10, 10) if index != 200 else (11, 11), "L", index)
    error = refused(run_import, tmp_path / "p", store_folder)
    assert (error.code, "200.png" in error.detail) == ("mixed_sizes", True)
    made = describe(run_import(tmp_path / "p", img_size=8), "x")
    assert (made.n, made.provenance["resized_to"]) == (400, 8)


def test_a_colour_picture_after_the_first_headers_makes_all_of_them_colour(
    run_import: Write, tmp_path: Path
) -> None:
    for index in range(400):
        write_image(tmp_path / "p" / f"{index:03d}.png", (10, 10), "L" if index != 200 else "RGB", index)
    assert len(describe(run_import(tmp_path / "p"), "x").bands) == 3


# The sky


def test_position_and_scale_are_taken_from_headers(run_import: Write, tmp_path: Path) -> None:
    for index in range(300):
        cards = cards_of("CD", 20, 0.262) | {"CRVAL1": 10 + index, "CRPIX2": 12.5}
        write_fits(tmp_path / "w" / f"{index:03d}.fits", plane(index), **cards)
    path = run_import(tmp_path / "w", img_size=12)
    with GalaxyStore.open(path) as store:
        assert store.ra == pytest.approx(10 + np.arange(300), abs=1e-6)
        assert store.dec == pytest.approx(2.2, abs=1e-6)
        assert store.pxscale == pytest.approx(0.524, abs=1e-6)
    texts = [line.text for line in describe(path, "x").receipt]
    assert any("RA, Dec and pixel scale of 300 images" in text for text in texts)
    assert any("North is 20°" in text for text in texts)
    declined = run_import(tmp_path / "w", name="none", ra_column="-", dec_column="-", pxscale="0.3")
    with GalaxyStore.open(declined) as store:
        assert np.isnan(store.ra).all()
        assert store.pxscale == pytest.approx(0.3)


def test_a_table_wins_over_headers_and_the_difference_is_said(run_import: Write, tmp_path: Path) -> None:
    for index in range(12):
        cards = cards_of("PC", 0, 0.262) | {"CRVAL1": 150.1 + index}
        write_fits(tmp_path / "w" / f"{index:02d}.fits", plane(index), **cards)
    rows = [f"{i:02d}.fits,{150.1 + i if i else 140.1},2.2" for i in range(11)] + ["11.fits,,"]
    (tmp_path / "w" / "labels.csv").write_text("file,ra,dec\n" + "\n".join(rows) + "\n")
    path = run_import(tmp_path / "w")
    with GalaxyStore.open(path) as store:
        assert store.ra[0] == 140.1
        # The centre of 24 × 24 pixels is two pixels above the reference pixel.
        assert store.dec[11] == pytest.approx(2.2 + 2 * 0.262 / 3600, abs=1e-7)
    lines = about(describe(path, "x").receipt, "ra_column")
    assert [("1 image" in line.text, "'00.fits'" in line.text) for line in lines] == [(True, True)]


# Blank pixels and 0 to 1


@pytest.fixture
def bordered(tmp_path: Path) -> Path:
    """Twelve frames of 25 × 25 with a NaN border of one pixel on two sides: 49 of 625, 7.8 %."""
    for index in range(12):
        values = plane(index, 25)
        values[0], values[:, 0] = np.nan, np.nan
        write_fits(tmp_path / "nan" / f"{index:02d}.fits", values)
    return tmp_path / "nan"


def test_a_blank_border_is_a_problem_before_the_import_and_its_limit_a_setting(
    run_import: Write, bordered: Path, store_folder: Path
) -> None:
    problem = inspected(bordered).problems[0]
    assert (problem.code, problem.field) == ("unreadable_images", "max_blank")
    error = refused(run_import, bordered, store_folder)
    assert (error.code, error.field) == ("unreadable_images", "max_blank")
    assert all(word in error.detail for word in ("7.8 %", "5 %", "00.fits"))
    assert inspected(bordered, max_blank=8).problems == []
    path = run_import(bordered, max_blank=8, **FULL)
    with GalaxyStore.open(path) as store:
        images = store.images(np.arange(12))[..., 0]
        assert (images[:, -1] == 0).all()
        assert (images[:, :, 0] == 0).all()
    assert ["12 images" in line.text for line in about(describe(path, "x").receipt, "max_blank")] == [True]


def test_a_blank_border_that_is_cropped_away_does_not_count(run_import: Write, bordered: Path) -> None:
    assert describe(run_import(bordered, img_size=16, crop=True), "x").n == 12


def pictures(n: int = 20) -> np.ndarray:
    """(n, 24, 24, 3) uint8, brightest in red."""
    rng = np.random.default_rng(0)
    grey = rng.integers(20, 230, (n, 24, 24, 1))
    return (grey * np.array([1.0, 0.9, 0.8])).astype("u1")


@pytest.mark.parametrize("kind", ["npz", "npy", "frames"])
def test_pictures_within_0_to_1_are_multiplied_by_255(run_import: Write, tmp_path: Path, kind: str) -> None:
    images = pictures()
    path = tmp_path / f"unit.{kind}"
    floats = images.astype("f4") / 255
    if kind == "npz":
        np.savez(path, images=floats)
    elif kind == "npy":
        np.save(path, floats)
    else:
        path.mkdir()
        for index, frame in enumerate(floats):
            np.save(path / f"{index:02d}.npy", frame)
    made = run_import(path)
    with GalaxyStore.open(made) as store:
        assert (store.images(np.arange(20)) == images).all()
    described = describe(made, "x")
    assert (described.stretch, described.provenance["stretch"]) == ("0 to 1 times 255", {"curve": "unit"})
    assert [(line.kind, "255" in line.text) for line in about(described.receipt, "stretch")] == [
        ("assumed", True)
    ]
    assert describe(run_import(path, name="asinh", stretch="asinh"), "x").stretch.startswith("asinh")


def test_named_bands_within_0_to_1_are_stretched_and_unit_is_offered(
    run_import: Write, tmp_path: Path
) -> None:
    floats = pictures().astype("f4") / 255
    np.save(tmp_path / "flux.npy", floats)
    described = describe(run_import(tmp_path / "flux.npy", bands="z,r,g"), "x")
    assert described.stretch.startswith("asinh")
    assert ["'unit'" in line.text for line in about(described.receipt, "stretch")] == [True]
    assert describe(run_import(tmp_path / "flux.npy", name="u", bands="z,r,g", stretch="unit"), "x").n == 20


def test_unit_refuses_what_is_not_within_0_to_1(
    run_import: Write, tmp_path: Path, store_folder: Path
) -> None:
    np.save(tmp_path / "flux.npy", pictures().astype("f4"))
    error = refused(run_import, tmp_path / "flux.npy", store_folder, stretch="unit")
    assert (error.code, error.field) == ("unreadable_images", "stretch")


def test_one_stretch_over_all_bands_keeps_grey_grey(run_import: Write, tmp_path: Path) -> None:
    grey = np.random.default_rng(0).normal(size=(20, 24, 24, 1)).astype("f4")
    images = np.concatenate([grey, grey, 2 * grey], axis=3)
    np.save(tmp_path / "a.npy", images)
    each = run_import(tmp_path / "a.npy", name="each", **FULL)
    shared = run_import(tmp_path / "a.npy", name="shared", stretch_bands="shared", **FULL)
    with GalaxyStore.open(each) as store:
        apart = store.images(np.arange(20)).astype(int)
        assert np.abs(apart[..., 0] - apart[..., 2]).max() <= 1
    low, high = images.min(), images.max()
    with GalaxyStore.open(shared) as store:
        expected = np.round(255 * (images.astype("f8") - low) / (high - low))
        assert np.abs(store.images(np.arange(20)) - expected).max() <= 1
    assert describe(shared, "x").provenance["stretch"]["bands"] == "shared"
