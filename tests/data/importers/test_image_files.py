"""Image files as people have them: a WCS, blank borders, floats of 0 to 1, EXIF, white as zero."""

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray
from PIL import Image

from backend.data.frames.limits import UnreadableImageError
from backend.data.frames.reading import frame_header, read_frame
from backend.data.importers import inspect_source
from backend.data.store import GalaxyStore, describe
from backend.files import EVERYWHERE
from tests.data.conftest import refused

Write = Callable[..., Path]
N = 12


def galaxy(index: int, side: int = 32) -> NDArray[np.uint8]:
    """(side, side, 3): a tilted blob with a spot on the upper right."""
    rng = np.random.default_rng(1000 + index)
    y, x = np.mgrid[:side, :side]
    blob = np.exp(-(((x - side / 2) / 5) ** 2 + ((y - side / 2) / (2 + rng.random())) ** 2) / 2)
    spot = 0.8 * np.exp(-((x - 0.7 * side) ** 2 + (y - 0.25 * side) ** 2) / 6)
    bands = np.stack([(blob + spot) * (1 - 0.2 * band) for band in range(3)], -1)
    return np.clip((bands + rng.normal(0, 0.02, bands.shape)) * 200 + 20, 0, 255).astype(np.uint8)


def with_wcs(folder: Path, **cards: float) -> Path:
    folder.mkdir()
    for index in range(N):
        hdu = fits.PrimaryHDU(galaxy(index)[..., 0].astype(np.float32))
        hdu.header.update(CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CRVAL1=10.0 + index, CRVAL2=-5.0)
        hdu.header.update({"CRPIX1": 1.0, "CRPIX2": 1.0, "CDELT1": -1e-4, "CDELT2": 1e-4, **cards})
        hdu.writeto(folder / f"{index:02d}.fits")
    return folder


def test_positions_and_scale_come_from_the_wcs(run_import: Write, tmp_path: Path) -> None:
    path = run_import(with_wcs(tmp_path / "sky"), img_size=16)
    with GalaxyStore.open(path) as store, fits.open(tmp_path / "sky" / "03.fits") as file:
        centre = WCS(file[0].header).pixel_to_world(15.5, 15.5).icrs
        assert (store.ra[3], store.dec[3]) == pytest.approx((centre.ra.deg, centre.dec.deg), abs=1e-9)
        assert store.pxscale == pytest.approx(0.36 * 32 / 16)
    told = [line.text for line in describe(path, "mine").receipt]
    assert any(line.startswith("ra, dec, pxscale of 12 images from the WCS") for line in told)
    assert any(line.startswith("North is up in 12 images") for line in told)


def test_a_table_and_a_scale_that_are_given_win(run_import: Write, tmp_path: Path) -> None:
    folder = with_wcs(tmp_path / "sky")
    rows = [f"{i:02d}.fits,{10.0 + i if i else 50.0},-5.0" for i in range(N)]
    (folder / "labels.csv").write_text("\n".join(["file,ra,dec", *rows]))
    path = run_import(folder, pxscale="0.5")
    with GalaxyStore.open(path) as store:
        assert (store.ra[0], store.ra[1], store.pxscale[0]) == (50.0, 11.0, 0.5)
    [line] = [line for line in describe(path, "mine").receipt if "WCS, first" in line.text]
    assert (line.kind, line.field, "'00.fits'" in line.text) == ("assumed", "ra_column", True)


def test_blank_borders_are_named_before_the_import_and_the_limit_can_be_set(
    run_import: Write, store_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "border"
    folder.mkdir()
    for index in range(N):
        image = galaxy(index)[..., 0].astype(np.float32)
        image[:2] = np.nan  # 2 of 32 rows: 6.25 %
        fits.PrimaryHDU(image).writeto(folder / f"{index:02d}.fits")
    [problem] = inspect_source({"path": str(folder)}, roots=EVERYWHERE).problems
    assert (problem.code, problem.field) == ("unreadable_images", "max_blank")
    assert "6.2 %" in problem.detail and "max_blank 5 %" in problem.detail
    error = refused(run_import, folder, store_folder)
    assert (error.code, error.field) == ("unreadable_images", "max_blank")
    assert inspect_source({"path": str(folder), "max_blank": 7}, roots=EVERYWHERE).problems == []
    with GalaxyStore.open(run_import(folder, max_blank=7)) as store:
        assert (store.images(np.arange(N))[:, -2:] == 0).all(), "blank is sky; FITS counts rows upwards"


def test_floats_of_0_to_1_are_multiplied_and_said(run_import: Write, tmp_path: Path) -> None:
    images = np.stack([galaxy(index) for index in range(N)])
    np.savez(tmp_path / "unit.npz", images=images.astype(np.float32) / 255)
    path = run_import(tmp_path / "unit.npz")
    with GalaxyStore.open(path) as store:
        assert (store.images(np.arange(N)) == images).all()
    [line] = [line for line in describe(path, "mine").receipt if line.field == "stretch"]
    assert (line.kind, "0 to 1, times 255" in line.text) == ("assumed", True)
    asinh = run_import(tmp_path / "unit.npz", name="asinh", stretch="asinh", stretch_bands="shared")
    with GalaxyStore.open(asinh) as store:
        red, _, blue = (store.images(np.arange(N))[..., band].mean() for band in range(3))
        assert red > blue + 2, "one stretch over bands keeps colour"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_pictures_stand_upright(orientation: int, kind: str) -> None:
    # Sides of 32 and 16 pixels, one quarter of them white, as stored; where it comes to lie is EXIF's table.
    stored = np.zeros((16, 32, 3), np.uint8)
    stored[:8, :16] = 255
    exif = Image.Exif()
    exif[274] = orientation
    stream = io.BytesIO()
    Image.fromarray(stored).save(stream, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    header, frame = frame_header(stream, "a"), read_frame(stream, "a")
    assert frame.shape[:2] == (header.height, header.width) == ((32, 16) if orientation > 4 else (16, 32))
    corners = {1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0)}
    white = [corner for corner in ((0, 0), (0, -1), (-1, -1), (-1, 0)) if frame[corner].mean() > 200]
    assert white == [corners[orientation]]


def tiff(values: NDArray[np.uint8] | NDArray[np.uint16], white_is_zero: bool, order: str = "<") -> io.BytesIO:
    """A grey TIFF of one strip, byte by byte."""
    height, width = values.shape
    tags = [(256, 3, width), (257, 3, height), (258, 3, 8 * values.itemsize), (259, 3, 1),
            (262, 3, 0 if white_is_zero else 1), (273, 4, 8), (277, 3, 1), (278, 3, height),
            (279, 4, values.nbytes)]  # fmt: skip
    pixels = values.astype(values.dtype.newbyteorder(order)).tobytes()
    entries = b"".join(
        struct.pack(f"{order}HHI", tag, kind, 1) + struct.pack(f"{order}{'HH' if kind == 3 else 'I'}",
                                                               *((value, 0) if kind == 3 else (value,)))
        for tag, kind, value in tags
    )  # fmt: skip
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8 + len(pixels))
    return io.BytesIO(head + pixels + struct.pack(f"{order}H", len(tags)) + entries + bytes(4))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_white_as_zero_is_turned_for_every_depth_or_refused(dtype: type, order: str) -> None:
    values = np.arange(100, 112, dtype=dtype).reshape(3, 4)
    top = np.iinfo(dtype).max
    assert (read_frame(tiff(values, False, order), "a.tif")[..., 0] == values).all()
    if (dtype, order) == (np.uint16, ">"):  # Pillow knows no such mode
        with pytest.raises(UnreadableImageError):
            read_frame(tiff(values, True, order), "a.tif")
    else:
        assert (read_frame(tiff(values, True, order), "a.tif")[..., 0] == top - values).all()
