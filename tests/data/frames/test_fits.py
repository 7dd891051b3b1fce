"""FITS as archives serve it: what is stored is what astropy reads, or the file is refused with the reason."""

import bz2
import gzip
import io
import warnings
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from backend.data.frames.fits import fits_header, read_fits
from backend.data.frames.limits import UnreadableImageError

INTEGERS = ("u1", "i2", "u2", "i4", "u4", "i8", "u8")
TILES = ("RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1")


def file_of(*hdus: Any) -> io.BytesIO:
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fits.HDUList(list(hdus)).writeto(stream, output_verify="ignore")
    return stream


def plane(value: float = 0.0, name: str = "", **cards: Any) -> Any:
    image = np.arange(20, dtype=np.float32).reshape(4, 5) + value
    hdu = fits.ImageHDU(image, name=name or None)
    hdu.header.update(cards)
    return hdu


def by_astropy(data: bytes, hdu: int) -> NDArray[np.float32]:
    """(H, W, C) as astropy reads it, unsigned integers exact and BLANK as NaN also there."""
    with warnings.catch_warnings(), fits.open(io.BytesIO(data), uint=True) as file:
        warnings.simplefilter("ignore")
        values = np.squeeze(file[hdu].data).astype(np.float32)
    with fits.open(io.BytesIO(data), do_not_scale_image_data=True) as raw:
        blank = raw[hdu].header.get("BLANK")
        if blank is not None and raw[hdu].data.dtype.kind in "iu":
            values[np.squeeze(raw[hdu].data) == blank] = np.nan
    values = values[None] if values.ndim == 2 else values
    return np.moveaxis(values, 0, 2)[::-1]


@st.composite
def variants(draw: st.DrawFn) -> tuple[io.BytesIO, int]:
    """A FITS file over dtype, scaling, blanks, layout, axes and compression; and the HDU of its image."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    bands = draw(st.sampled_from([0, 1, 3, 5]))
    ones = draw(st.integers(0, 2)) if bands in (0, 1) else 0
    shape = (*(1,) * ones, *((bands,) if bands else ()), 24, 32)
    dtype = np.dtype(draw(st.sampled_from([*INTEGERS, "f4", "f8"])))
    if dtype.kind == "f":
        data = rng.normal(10, 3, shape).astype(dtype)
        if draw(st.booleans()):
            data[..., 0, :2] = np.nan
    else:
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        wide = draw(st.booleans())
        ends = (low, high) if wide else (max(low, -3000), min(high, 3000))
        data = rng.integers(*ends, shape, dtype, endpoint=True)
    if draw(st.booleans()):
        data = data.astype(data.dtype.newbyteorder(draw(st.sampled_from("<>"))))
    tiles = draw(st.sampled_from([None, None, *TILES]))
    if tiles is None:
        in_primary = draw(st.booleans())
        hdu = fits.PrimaryHDU(data) if in_primary else fits.ImageHDU(data)
        if dtype.str[1:] == "i2" and draw(st.booleans()):
            hdu.header["BSCALE"] = draw(st.sampled_from([0.5, 1.0, 2.0]))
            hdu.header["BZERO"] = draw(st.sampled_from([0.0, 100.0, -7.5]))
        if dtype.kind != "f" and draw(st.booleans()):
            stored = np.asarray(data).astype(object) - (
                2 ** (8 * dtype.itemsize - 1) if dtype.kind == "u" else 0
            )
            if dtype.str[1:] == "u1":
                stored = np.asarray(data)
            hdu.header["BLANK"] = int(stored.ravel()[0])
    else:
        in_primary = False
        flat = np.squeeze(data)
        if tiles == "PLIO_1":
            flat = (np.abs(np.nan_to_num(flat.astype("f8"))) % 4000).astype("i2")
        elif flat.dtype.itemsize == 8 and flat.dtype.kind != "f":
            flat = flat.astype("i4")
        lossless = {} if flat.dtype.kind != "f" or draw(st.booleans()) else {"quantize_level": 0.0}
        kind = tiles if not lossless else "GZIP_2"
        plain = flat.astype(flat.dtype.newbyteorder("="))
        if kind == "HCOMPRESS_1" and plain.ndim > 2:
            kind = "RICE_1"
        hdu = fits.CompImageHDU(plain, compression_type=kind, **lossless)
    hdus = [hdu] if in_primary else [fits.PrimaryHDU(), hdu]
    if draw(st.booleans()):
        hdus.append(fits.BinTableHDU.from_columns([fits.Column("x", "E", array=np.arange(3.0))]))
    stream = file_of(*hdus)
    packed = draw(st.sampled_from([None, gzip.compress, bz2.compress]))
    return (stream if packed is None else io.BytesIO(packed(stream.getvalue()))), 0 if in_primary else 1


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(variants())
def test_pixels_are_those_of_astropy(variant: tuple[io.BytesIO, int]) -> None:
    stream, hdu = variant
    found, header = read_fits(stream), fits_header(stream)
    assert (found.shape, str(found.dtype)) == (header.shape, header.dtype)
    expected = by_astropy(_unpacked(stream.getvalue()), hdu)
    np.testing.assert_array_equal(found.astype(np.float32), expected)


def _unpacked(data: bytes) -> bytes:
    if data.startswith(b"BZh"):
        return bz2.decompress(data)
    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


def test_unsigned_64_bits_are_exact() -> None:
    values = np.array([[2288, 2**24], [0, 1]], np.uint64)
    assert read_fits(file_of(fits.PrimaryHDU(values)))[::-1, :, 0].tolist() == values.tolist()


def test_blank_counts_also_where_integers_are_unsigned() -> None:
    hdu = fits.PrimaryHDU(np.array([[5, 65535], [7, 0]], np.uint16))
    hdu.header["BLANK"] = 32767
    frame = read_fits(file_of(hdu))[::-1, :, 0]
    assert np.isnan(frame).tolist() == [[False, True], [False, False]]
    assert frame[1, 0] == 7


def test_d_is_an_exponent() -> None:
    whole = file_of(fits.PrimaryHDU(np.array([[100, 250]], np.int16))).getvalue()
    card = b"BSCALE  =             1.0D-02".ljust(80)
    end = whole.index(b"END     ")
    scaled = whole[:end] + card + b"END".ljust(80) + whole[end + 160 :]
    frame = read_fits(io.BytesIO(scaled))[..., 0]
    assert frame == pytest.approx(np.array([[1.0, 2.5]]), rel=1e-7)


def test_skycells_are_linear_again() -> None:
    hdu = fits.PrimaryHDU(np.array([[2.0947, 0.0]], np.float32))
    hdu.header.update({"BSOFTEN": 5.04, "BOFFSET": 0.25})
    stream = file_of(hdu)
    expected = [0.25 + 2 * 5.04 * np.sinh(2.0947 / 1.0857362047581296), 0.25]
    assert read_fits(stream)[0, :, 0] == pytest.approx(expected, rel=1e-6)
    assert "BSOFTEN" in fits_header(stream).undone


def test_an_hdu_a_band_is_one_image_and_masks_and_weights_are_named() -> None:
    bands = [plane(100 * i, name, FILTER=name) for i, name in enumerate("grz")]
    stream = file_of(fits.PrimaryHDU(), *bands, plane(7, "MASK"), plane(8, "INVVAR_G"), plane(9, "psfsize_r"))
    header = fits_header(stream)
    assert (header.shape, header.bands) == ((4, 5, 3), ("g", "r", "z"))
    assert header.left_out == ("MASK", "INVVAR_G", "psfsize_r".upper())
    assert read_fits(stream)[-1, 0].tolist() == [0, 100, 200]


def test_images_of_another_size_are_left_out_by_name_and_too_many_bands_are_refused() -> None:
    small = fits.ImageHDU(np.ones((2, 2), np.float32), name="THUMB")
    assert fits_header(file_of(fits.PrimaryHDU(), plane(), small)).left_out == ("THUMB",)
    with pytest.raises(UnreadableImageError, match="6 images"):
        read_fits(file_of(fits.PrimaryHDU(), *(plane(i, f"CCD{i}") for i in range(6))))


def test_an_hst_file_is_its_science_plane() -> None:
    stream = file_of(fits.PrimaryHDU(), plane(0, "SCI"), plane(1, "ERR"), plane(2, "DQ"))
    assert (fits_header(stream).shape, fits_header(stream).left_out) == ((4, 5, 1), ("ERR", "DQ"))


def celestial(**cards: Any) -> Any:
    cards = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.1, "CRVAL2": 2.2, **cards}
    hdu = fits.PrimaryHDU(np.arange(40 * 60, dtype=np.float32).reshape(40, 60))
    hdu.header.update({"CRPIX1": 11.0, "CRPIX2": 30.0, **cards})
    return hdu


@pytest.mark.parametrize(
    ("cards", "north", "mirrored"),
    [
        ({"CDELT1": -2e-4, "CDELT2": 2e-4}, 0, False),
        ({"CDELT1": 2e-4, "CDELT2": 2e-4}, 0, True),
        ({"CDELT1": -2e-4, "CDELT2": 2e-4, "CROTA2": 30.0}, None, False),
        ({"CD1_1": -2e-4, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 2e-4}, 0, False),
        (
            {"CDELT1": -2e-4, "CDELT2": 2e-4, "PC1_1": 0.0, "PC1_2": 1.0, "PC2_1": -1.0, "PC2_2": 0.0},
            None,
            False,
        ),
    ],
)
def test_the_wcs_gives_position_and_scale(cards: dict[str, float], north: int | None, mirrored: bool) -> None:
    hdu = celestial(**cards)
    sky = fits_header(file_of(hdu)).sky
    assert sky is not None
    wcs = WCS(hdu.header)
    centre = wcs.pixel_to_world(29.5, 19.5).icrs
    assert (sky.ra, sky.dec) == pytest.approx((centre.ra.deg, centre.dec.deg), abs=1e-9)
    assert sky.pxscale == pytest.approx(3600 * np.mean(proj_plane_pixel_scales(wcs)))
    assert sky.mirrored is mirrored
    if north is not None:
        assert sky.north == pytest.approx(north, abs=0.05)
    else:
        assert abs(sky.north) > 20


def test_north_is_where_a_step_north_leads() -> None:
    for turn in (-100, -30, 10, 75):
        hdu = celestial(CDELT1=-2e-4, CDELT2=2e-4, CROTA2=float(turn))
        sky = fits_header(file_of(hdu)).sky
        assert sky is not None
        wcs = WCS(hdu.header)
        x, y = wcs.world_to_pixel_values(*(wcs.wcs_pix2world([[29.5, 19.5]], 0)[0] + [0, 1e-4]))
        anticlockwise = np.degrees(np.arctan2(-(x - 29.5), y - 19.5))
        assert sky.north == pytest.approx(anticlockwise, abs=0.05)


def test_an_image_without_a_sky_has_none() -> None:
    assert fits_header(file_of(fits.PrimaryHDU(np.ones((4, 4))))).sky is None
    assert fits_header(file_of(celestial(CDELT1=0.0, CDELT2=0.0))).sky is None
