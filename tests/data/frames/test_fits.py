"""FITS as archives serve it: tiles, several HDUs, axes of length 1, skycells, positions; and its siblings."""

import bz2
import gzip
import io
import math
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import astropy
import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import HealthCheck, event, given, reject, settings
from hypothesis import strategies as st

from backend.data.frames.reading import UnreadableImageError, frame_header, read_frame
from backend.data.frames.sky import sky_of

PLANE = np.arange(20 * 24, dtype=np.float32).reshape(20, 24) / 7


def packed(*hdus: Any) -> io.BytesIO:
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fits.HDUList(list(hdus)).writeto(stream)
    return stream


def image(values: Any, name: str = "", **cards: Any) -> fits.ImageHDU:
    hdu = fits.ImageHDU(values, name=name or None)
    hdu.header.update(cards)
    return hdu


def refused(stream: io.BytesIO, name: str = "a.fits", **how: Any) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        read_frame(stream, name, **how)
    return str(caught.value)


# Packing


@pytest.mark.parametrize("method", ["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1", "NOCOMPRESS"])
def test_tiles_of_every_method_are_read_as_astropy_reads_them(method: str) -> None:
    values = np.random.default_rng(0).integers(0, 2000, (34, 41)).astype(np.int16)
    stream = packed(
        fits.PrimaryHDU(), fits.CompImageHDU(values, compression_type=method, tile_shape=(10, 16))
    )
    header = frame_header(stream, "a.fits.fz")
    assert (header.height, header.width, header.channels, header.left_out) == (34, 41, 1, ())
    assert (read_frame(stream, "a.fits.fz")[..., 0] == values[::-1]).all()


def test_a_packed_file_is_the_frame_of_the_plain_one() -> None:
    whole = packed(fits.PrimaryHDU(), image(PLANE, "SCI"), image(PLANE * 0, "MASK")).getvalue()
    plain = read_frame(io.BytesIO(whole), "a.fits")
    assert (plain[..., 0] == PLANE[::-1]).all()
    for name, data in (("a.fits.gz", gzip.compress(whole)), ("a.fits.bz2", bz2.compress(whole))):
        assert frame_header(io.BytesIO(data), name) == frame_header(io.BytesIO(whole), "a.fits")
        assert (read_frame(io.BytesIO(data), name) == plain).all()


@pytest.mark.parametrize("method", ["HCOMPRESS_1", "PLIO_1"])
def test_a_tile_that_declares_another_size_is_refused_before_it_is_decoded(method: str) -> None:
    values = np.random.default_rng(0).integers(0, 200, (20, 24)).astype(np.int16)
    hdu = fits.CompImageHDU(values, compression_type=method, tile_shape=(20, 24))
    stream = packed(fits.PrimaryHDU(), hdu)
    with fits.open(io.BytesIO(stream.getvalue()), disable_image_compression=True) as file:
        heap = file[1].fileinfo()["datLoc"] + file[1].header["NAXIS1"] * file[1].header["NAXIS2"]
    data = bytearray(stream.getvalue())
    at, lie = {"HCOMPRESS_1": (heap + 2, b"\0\0\x7f\xff"), "PLIO_1": (heap + 4, b"\0\0\x7f\xff\x7f\xff")}[
        method
    ]
    data[at : at + len(lie)] = lie
    assert "another size" in refused(io.BytesIO(bytes(data)))


def test_a_small_file_of_huge_tiles_is_refused() -> None:
    hdu = fits.CompImageHDU(np.zeros((600, 600), np.int32), compression_type="GZIP_1", tile_shape=(600, 600))
    data = packed(fits.PrimaryHDU(), hdu).getvalue()
    lie = data.replace(b"ZNAXIS1 =                  600", b"ZNAXIS1 =            900000000")
    assert "600 × 900000000 pixels are too many" in refused(io.BytesIO(lie))
    bomb = gzip.compress(bytes(200 * 2**20), 9)
    with fits.open(io.BytesIO(data), disable_image_compression=True) as file:
        table, start = file[1].header, file[1].fileinfo()["datLoc"]
    head = data[:start].replace(
        f"PCOUNT  = {table['PCOUNT']:>20}".encode(), f"PCOUNT  = {len(bomb):>20}".encode()
    )
    row = np.array([len(bomb), 0], ">i8" if table["TFORM1"].startswith("1Q") else ">i4").tobytes()
    row = row.ljust(table["NAXIS1"], b"\0")
    body = row + bomb
    assert "another size" in refused(io.BytesIO(head + body + bytes(-len(body) % 2880)))


def test_a_fits_that_lies_about_its_tiles_is_refused() -> None:
    hdu = fits.CompImageHDU(np.zeros((40, 40), np.int16), tile_shape=(10, 40))
    data = packed(fits.PrimaryHDU(), hdu).getvalue()
    taller = data.replace(b"ZNAXIS2 =                   40", b"ZNAXIS2 =                  400")
    assert "declares 40 tiles and has 4" in refused(io.BytesIO(taller))
    assert "truncated" in refused(io.BytesIO(data[: -2880 * 1]))


# Numbers


def test_d_is_an_exponent() -> None:
    hdu = fits.PrimaryHDU(np.arange(100, dtype=np.int16).reshape(10, 10))
    hdu.header["BSCALE"] = 0.01
    data = packed(hdu).getvalue()
    assert data.count(b"BSCALE  =" + b"0.01".rjust(21)) == 1
    data = data.replace(b"BSCALE  =" + b"0.01".rjust(21), b"BSCALE  =" + b"1.0D-02".rjust(21))
    assert read_frame(io.BytesIO(data), "d.fits")[-1, 7, 0] == pytest.approx(0.07)


@pytest.mark.parametrize("blank", [None, 9])
def test_unsigned_integers_of_64_bits_are_exact(blank: int | None) -> None:
    values = np.full((10, 10), 2288, np.uint64)
    values[0, :4] = [0, 1023, 1025, 7]
    values[9, 9] = 9
    hdu = fits.PrimaryHDU(values)
    data = packed(hdu).getvalue()
    if blank is not None:  # BLANK is the stored integer: 9 − 2^63
        card = f"BLANK   = {9 - 2**63:>20}".encode().ljust(80)
        data = data.replace(b"END".ljust(80), card + b"END".ljust(80), 1)
        data = data[: 2880 + 0] if len(data) < 2880 else data.replace(b" " * 80, b"", 1)
    frame = read_frame(io.BytesIO(data), "u.fits")[::-1, :, 0]
    assert frame[0, :5].tolist() == [0, 1023, 1025, 7, 2288]
    assert (np.isnan(frame[9, 9]), np.isnan(frame).sum()) == ((True, 1) if blank else (False, 0))


def test_values_that_32_bits_cannot_hold_are_refused() -> None:
    rng = np.random.default_rng(0)
    values = 1e9 + rng.normal(size=(12, 12))
    assert "more than 24 bits" in refused(packed(fits.PrimaryHDU(values)))
    wide = rng.normal(size=(12, 12)) * 1e9
    assert read_frame(packed(fits.PrimaryHDU(wide)), "w.fits")[::-1, :, 0] == pytest.approx(wide, rel=1e-6)


def test_skycells_are_made_linear() -> None:
    magnitudes = np.linspace(-3, 3, 144, dtype=np.float32).reshape(12, 12)
    magnitudes[0, 0] = 2.0947
    hdu = fits.PrimaryHDU(magnitudes)
    hdu.header.update(BSOFTEN=5.0, BOFFSET=0.3)
    header = frame_header(packed(hdu), "s.fits")
    frame = read_frame(packed(hdu), "s.fits")[::-1, :, 0]
    a = 2.5 * math.log10(math.e)
    assert frame[0, 0] == pytest.approx(0.3 + 10 * math.sinh(2.0947 / a), rel=1e-5)  # 34.00, not 2.09
    assert frame == pytest.approx(0.3 + 10 * np.sinh(magnitudes.astype(float) / a), rel=1e-5)
    assert ["BSOFTEN" in note.text for note in header.notes] == [True]
    assert header.dtype == "float32"


# HDUs


def test_axes_of_length_one_are_left_out() -> None:
    assert (read_frame(packed(fits.PrimaryHDU(PLANE[None, None])), "r.fits")[..., 0] == PLANE[::-1]).all()
    cube = np.stack([PLANE, 2 * PLANE])
    for stored in (cube[None], cube[:, None]):
        header = frame_header(packed(fits.PrimaryHDU(stored)), "r.fits")
        assert (header.width, header.height, header.channels) == (24, 20, 2)
        assert (read_frame(packed(fits.PrimaryHDU(stored)), "r.fits") == np.moveaxis(cube, 0, 2)[::-1]).all()


@pytest.mark.parametrize("key", ["FILTER", "BAND", "EXTNAME"])
def test_planes_of_one_shape_are_bands_and_those_beside_them_are_named(key: str) -> None:
    bands = {"g": PLANE, "r": 2 * PLANE, "z": 3 * PLANE}
    hdus = [image(plane, **{key: band}) for band, plane in bands.items()]
    beside = [image(PLANE, name) for name in ("IVAR", "MASK_g", "WHT", "PSF", "ERR2")]
    table = fits.BinTableHDU.from_columns([fits.Column("x", "J", array=[1])], name="TRACTOR")
    stream = packed(fits.PrimaryHDU(), *hdus, *beside, table)
    header = frame_header(stream, "m.fits")
    assert (header.channels, header.bands) == (3, ("g", "r", "z"))
    left_out = ["IVAR (image)", "MASK_G (image)", "WHT (image)", "PSF (image)", "ERR2 (image)"]
    assert list(header.left_out) == [*left_out, "TRACTOR (table)"]
    assert [note.field for note in header.notes] == ["hdus"]
    frame = read_frame(stream, "m.fits")
    assert (frame == np.stack(list(bands.values()), axis=2)[::-1]).all()


def test_hdus_can_be_named_or_numbered() -> None:
    stream = packed(fits.PrimaryHDU(PLANE), image(2 * PLANE, "SCI"), image(3 * PLANE, "WHT"))
    assert frame_header(stream, "m.fits").channels == 2
    assert (read_frame(stream, "m.fits", hdus="sci")[..., 0] == 2 * PLANE[::-1]).all()
    frame = read_frame(stream, "m.fits", hdus="2,0")
    assert (frame == np.stack([3 * PLANE, PLANE], axis=2)[::-1]).all()
    assert "'DQ'" in refused(stream, hdus="DQ")


def test_what_cannot_be_combined_is_refused_or_named() -> None:
    other = packed(fits.PrimaryHDU(), image(PLANE, "SCI"), image(PLANE[:5], "THUMB"))
    assert frame_header(other, "m.fits").left_out == ("THUMB (image)",)
    chips = packed(fits.PrimaryHDU(), *[image(PLANE, f"CCD{number}") for number in range(6)])
    assert "6 images of one shape" in refused(chips)
    assert "only MASK, IVAR" in refused(packed(fits.PrimaryHDU(), image(PLANE, "MASK"), image(PLANE, "IVAR")))
    assert (read_frame(chips, "m.fits", hdus="CCD5")[..., 0] == PLANE[::-1]).all()


def test_damage_behind_the_image_is_named() -> None:
    whole = packed(fits.PrimaryHDU(PLANE)).getvalue()
    header = frame_header(io.BytesIO(whole + b"XTENSION= 'IMAGE   '" + b" " * 500), "cut.fits")
    assert header.left_out == ("what follows HDU 0 (it is truncated within a header)",)


def test_the_sample_files_of_astropy_are_what_astropy_reads_or_a_named_refusal() -> None:
    paths = sorted(Path(astropy.__file__).parent.glob("*/**/tests/data/*.fits*"))
    counts: Counter[Any] = Counter()
    for path in paths:
        data = path.read_bytes()
        try:
            frame = read_frame(io.BytesIO(data), path.name)
        except UnreadableImageError as error:
            counts[bool(str(error))] += 1
            continue
        with warnings.catch_warnings(), fits.open(path) as file:
            warnings.simplefilter("ignore")
            images = [
                hdu for hdu in file if hdu.is_image and hdu.header["NAXIS"] > 1 and hdu.data is not None
            ]
            alike = [hdu for hdu in images if hdu.shape == images[0].shape and len(hdu.shape) == 2]
            planes = [plane for hdu in alike or images[:1] for plane in planes_of(hdu, data)]
        assert np.array_equal(frame.astype("f4"), np.stack(planes, axis=2)[::-1], equal_nan=True), path
        counts["equal"] += 1
    if not paths:
        pytest.skip("astropy is installed without its sample files")
    assert counts["equal"] >= 20


# The sky


def cards_of(kind: str, angle: float, scale: float, mirror: int = 1) -> dict[str, Any]:
    """A WCS at RA 150.1°, Dec 2.2°, of 24 × 20 pixels, North `angle` degrees anti-clockwise of up."""
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    cards: dict[str, Any] = {
        **{"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.1, "CRVAL2": 2.2},
        **{"CRPIX1": 12.5, "CRPIX2": 10.5},
    }
    matrix = np.array([[-c * mirror, -s * mirror], [-s, c]])
    if kind == "CD":
        names = ("CD1_1", "CD1_2", "CD2_1", "CD2_2")
        return cards | dict(zip(names, (matrix * scale / 3600).ravel(), strict=True))
    cards |= {"CDELT1": -mirror * scale / 3600, "CDELT2": scale / 3600}
    if kind == "PC":
        pc = np.array([[c, s], [-s, c]])
        return cards | dict(zip(("PC1_1", "PC1_2", "PC2_1", "PC2_2"), pc.ravel(), strict=True))
    return cards | {"CROTA2": angle}


@pytest.mark.parametrize("kind", ["CD", "PC", "CROTA2"])
@pytest.mark.parametrize("angle", [0.0, 30.0, -100.0])
def test_position_scale_and_rotation_come_from_every_kind_of_wcs(kind: str, angle: float) -> None:
    hdu = fits.PrimaryHDU(PLANE)
    hdu.header.update(cards_of(kind, angle, 0.262))
    sky = sky_of(frame_header(packed(hdu), "w.fits"))
    assert sky is not None
    assert (sky.ra, sky.dec, sky.pxscale) == pytest.approx((150.1, 2.2, 0.262), abs=1e-6)
    assert not sky.mirrored
    # Independently: where the pixel one arcsecond to the North is, by astropy.
    wcs = WCS(hdu.header)
    x, y = wcs.wcs_world2pix([[150.1, 2.2 + 1 / 3600]], 0)[0] - (11.5, 9.5)
    assert sky.rotation == pytest.approx(math.degrees(math.atan2(-x, y)), abs=1e-3)
    if kind != "CROTA2":
        assert sky.rotation == pytest.approx(angle, abs=1e-3)


def test_galactic_axes_become_icrs_and_a_mirrored_frame_says_so() -> None:
    from astropy.coordinates import SkyCoord

    cards = {"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN", "CRVAL1": 120.0, "CRVAL2": 30.0, "CRPIX1": 12.5}
    hdu = fits.PrimaryHDU(PLANE)
    hdu.header.update({**cards, "CRPIX2": 10.5, "CDELT1": 1e-4, "CDELT2": 1e-4})
    sky = sky_of(frame_header(packed(hdu), "w.fits"))
    assert sky is not None
    point = SkyCoord(l=120, b=30, unit="deg", frame="galactic").icrs
    assert (sky.ra, sky.dec) == pytest.approx((point.ra.deg, point.dec.deg), abs=1e-7)
    assert sky.pxscale == pytest.approx(0.36)
    assert sky.mirrored
    pole = SkyCoord(l=120, b=30, unit="deg", frame="galactic").position_angle(
        SkyCoord(ra=0, dec=90, unit="deg").galactic
    )
    assert sky.rotation == pytest.approx(-pole.wrap_at("180d").deg, abs=0.01)


def test_frames_without_a_sky_have_none_and_a_broken_one_is_named() -> None:
    assert sky_of(frame_header(packed(fits.PrimaryHDU(PLANE)), "w.fits")) is None
    hdu = fits.PrimaryHDU(PLANE)
    hdu.header.update(cards_of("CD", 0, 0.262) | {"CD1_1": 0.0, "CD1_2": 0.0})
    with pytest.raises(UnreadableImageError):
        sky_of(frame_header(packed(hdu), "w.fits"))


# Siblings

DTYPES = ["u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]
WRAPS: Any = [
    ("", bytes, bytes),
    (".gz", gzip.compress, gzip.decompress),
    (".bz2", bz2.compress, bz2.decompress),
]
METHODS = ["", "", "", "RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1"]


@st.composite
def variants(draw: Any) -> tuple[bytes, str]:
    """A FITS file of 1 to 3 bands, and its name; its numbers are what the drawn cards make of them."""
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    shape = (draw(st.integers(8, 20)), draw(st.integers(8, 20)))
    bands = draw(st.integers(1, 3))
    top = {"u1": 200, "i2": 9000}.get(dtype.str[1:], 40_000)
    if dtype.kind == "f":
        values = rng.normal(size=(bands, *shape)) * draw(st.sampled_from([1e-9, 1.0, 1e6]))
        if draw(st.booleans()):
            values[..., 0, 0] = np.nan
    else:
        values = rng.integers(-top if dtype.kind == "i" else 0, top, (bands, *shape))
    values = values.astype(dtype.newbyteorder(draw(st.sampled_from("<>"))))
    layout = draw(st.sampled_from(["plane", "cube", "last", "hdus", "four"]))
    method = draw(st.sampled_from(METHODS))
    cards: dict[str, Any] = {}
    if dtype.kind == "i" and draw(st.booleans()):
        cards |= {
            "BSCALE": draw(st.sampled_from([0.5, 1e-3, -2.0])),
            "BZERO": draw(st.sampled_from([0.0, 7.5, 1e4])),
        }
    if dtype.kind in "iu" and dtype.itemsize > 1 and draw(st.booleans()):
        offset = 2 ** (8 * dtype.itemsize - 1) if dtype.kind == "u" else 0
        cards["BLANK"] = int(values[0, 3, 3]) - offset
    arrays = {
        "plane": [values[0]],
        "cube": [values],
        "last": [np.moveaxis(values, 0, 2)],
        "hdus": list(values),
        "four": [values[None]],
    }[layout]
    quantised = {"quantize_level": draw(st.sampled_from([0.0, 4.0, 16.0]))} if dtype.kind == "f" else {}
    hdus: list[Any] = []
    for array in arrays:
        if method:
            try:
                hdu = fits.CompImageHDU(array, compression_type=method, **quantised)
                packed(fits.PrimaryHDU(), hdu)
            except ValueError:  # no such tiles of these numbers
                reject()
        else:
            hdu = fits.PrimaryHDU(array) if not hdus else fits.ImageHDU(array)
        hdus.append(hdu)
    if method:
        hdus.insert(0, fits.PrimaryHDU())
    whole = with_cards(packed(*hdus).getvalue(), cards)
    wrap = draw(st.sampled_from(["", "", "gz", "bz2"]))
    return {"": whole, "gz": gzip.compress(whole), "bz2": bz2.compress(whole)}[wrap], f"v.fits.{wrap}".rstrip(
        "."
    )


def with_cards(data: bytes, cards: dict[str, Any]) -> bytes:
    """The file with these cards in the header of every image, its stored numbers untouched."""
    out, source = io.BytesIO(), io.BytesIO(data)
    how: dict[str, Any] = {"disable_image_compression": True, "do_not_scale_image_data": True}
    with fits.open(source, **how) as file:
        places = [
            (hdu.fileinfo()["hdrLoc"], hdu.fileinfo()["datLoc"], hdu.fileinfo()["datSpan"]) for hdu in file
        ]
        headers = [hdu.header.copy() for hdu in file]
    for (_, start, span), header in zip(places, headers, strict=True):
        if header["NAXIS"]:
            header.update(cards)
        out.write(header.tostring().encode("ascii"))
        out.write(data[start : start + span])
    return out.getvalue()


def by_astropy(data: bytes) -> np.ndarray:
    """(H, W, C) float32 of the same file by astropy alone, as it shows values, BLANK by the standard."""
    with warnings.catch_warnings(), fits.open(io.BytesIO(data), uint=True) as file:
        warnings.simplefilter("ignore")
        planes = [plane for hdu in file if hdu.header["NAXIS"] for plane in planes_of(hdu, data)]
    return np.stack(planes, axis=2)[::-1]


def planes_of(hdu: Any, data: bytes) -> list[np.ndarray]:
    blank, zero = hdu.header.get("BLANK"), hdu.header.get("BZERO", 0)
    values = np.asarray(hdu.data)
    if blank is not None and values.dtype.kind in "u":
        values = np.where(values == blank + int(zero), np.nan, values.astype(np.float64))
    shape = list(values.shape)
    while len(shape) > 3:
        shape.remove(1)
    values = values.astype(np.float32).reshape(shape)
    if values.ndim == 2:
        return [values]
    return list(values if min(values.shape) == values.shape[0] else np.moveaxis(values, 2, 0))


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(variant=variants())
def test_siblings_are_what_astropy_reads_or_a_named_refusal(variant: tuple[bytes, str]) -> None:
    data, name = variant
    try:
        frame = read_frame(io.BytesIO(data), name)
    except UnreadableImageError as error:
        event(str(error)[:40])
        assert str(error)
        return
    event("read")
    plain = (
        gzip.decompress(data)
        if name.endswith("gz")
        else bz2.decompress(data)
        if name.endswith("bz2")
        else data
    )
    expected = by_astropy(plain)
    assert frame.shape == expected.shape
    assert np.array_equal(frame.astype(np.float32), expected, equal_nan=True)
    header = frame_header(io.BytesIO(data), name)
    assert ((header.height, header.width, header.channels), header.dtype) == (frame.shape, frame.dtype.name)
