"""One frame of any kind: pictures, FITS and .npy, whole, odd and broken."""

import bz2
import gzip
import io
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib import format as npy
from PIL import Image

from backend.data.frames.reading import FrameHeader, UnreadableImageError, frame_header, read_frame
from backend.errors import DataError

RAMP = np.arange(3 * 5 * 4, dtype=np.float32).reshape(3, 5, 4)
"""Three bands of five rows and four columns."""


def fits_file(*hdus: Any) -> io.BytesIO:
    stream = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(stream)
    return stream


def npy_file(values: Any, **how: Any) -> io.BytesIO:
    stream = io.BytesIO()
    np.save(stream, values, **how)
    return stream


def picture(pixels: Any, kind: str, mode: str | None = None) -> io.BytesIO:
    stream = io.BytesIO()
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(stream, kind)
    return stream


def unreadable(stream: io.BytesIO, name: str) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        read_frame(stream, name)
    return str(caught.value)


# Pictures


def test_grey_pictures_have_one_band_and_others_three_with_alpha_dropped() -> None:
    rgba = np.random.default_rng(0).integers(0, 256, (6, 9, 4), dtype=np.uint8)
    assert (read_frame(picture(rgba, "PNG"), "a.png") == rgba[..., :3]).all()
    grey = rgba[..., 0].copy()
    assert (read_frame(picture(grey, "PNG"), "a.png")[..., 0] == grey).all()
    assert (read_frame(picture(grey, "PNG", "LA"), "a.png")[..., 0] == grey).all()
    assert frame_header(picture(rgba, "PNG"), "a.png") == FrameHeader(9, 6, 3, "uint8", (), ("alpha",))


def test_a_palette_becomes_its_colours_and_cmyk_becomes_rgb() -> None:
    red = np.full((8, 8, 3), (255, 0, 0), np.uint8)
    assert (read_frame(picture(red, "PNG", "P"), "p.png") == red).all()
    assert (read_frame(picture(red, "TIFF", "CMYK"), "c.tif") == red).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_of_grey_keep_every_value(kind: str) -> None:
    deep = (np.arange(64, dtype=np.uint16) * 1021).reshape(8, 8)
    assert frame_header(picture(deep, kind), "d") == FrameHeader(8, 8, 1, "uint16", ())
    assert (read_frame(picture(deep, kind), "d")[..., 0] == deep).all()


def test_a_float_tiff_keeps_fractions_and_sign() -> None:
    values = np.linspace(-1.5, 2.5, 64, dtype=np.float32).reshape(8, 8)
    assert (read_frame(picture(values, "TIFF"), "f.tif")[..., 0] == values).all()


def test_thirty_two_bits_of_a_tiff_are_signed_or_not_as_the_file_says() -> None:
    values = np.array([[1, 2**31 + 512], [2**32 - 256, 7]], np.uint32)
    signed = picture(values.view(np.int32), "TIFF").getvalue()
    assert (read_frame(io.BytesIO(signed), "s.tif")[..., 0] == values.view(np.int32)).all()
    unsigned = tagged(signed, 339, 1)
    assert (read_frame(io.BytesIO(unsigned), "u.tif")[..., 0] == values).all()


def tagged(data: bytes, tag: int, value: int) -> bytes:
    """A little-endian TIFF with another value of a tag of one short."""
    at = data.index(struct.pack("<HHI", tag, 3, 1)) + 8
    return data[:at] + struct.pack("<H", value) + data[at + 2 :]


@pytest.mark.parametrize("how", [None, "tiff_lzw", "tiff_deflate", "packbits"])
@pytest.mark.parametrize("kind", ["u2", "u1", "bool"])
def test_where_white_is_zero_black_is_black(how: str | None, kind: str) -> None:
    values = np.random.default_rng(0).integers(0, 2 if kind == "bool" else 256, (9, 16)) * (
        257 if kind == "u2" else 1
    )
    stream = io.BytesIO()
    Image.fromarray(values.astype(kind)).save(stream, "TIFF", compression=how)
    black = read_frame(io.BytesIO(stream.getvalue()), "b.tif")[..., 0].astype(int)
    white = read_frame(io.BytesIO(tagged(stream.getvalue(), 262, 0)), "w.tif")[..., 0].astype(int)
    top = 65_535 if kind == "u2" else 255
    assert (black == values * (255 if kind == "bool" else 1)).all()
    assert (white == top - black).all()


def test_white_is_zero_in_32_bits_is_refused() -> None:
    floats = picture(np.ones((8, 8), np.float32), "TIFF").getvalue()
    assert "white is zero" in unreadable(io.BytesIO(tagged(floats, 262, 0)), "f.tif")


UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}
"""How a viewer shows stored pixels, by EXIF orientation: 6 has its top at the right of the stored picture."""


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", None),
        ("PNG", "L"),
        ("PNG", "P"),
        ("WEBP", None),
        ("TIFF", None),
        ("JPEG", None),
        ("PNG", "RGBA"),
    ],
)
def test_pictures_are_upright_as_exif_says(orientation: int, kind: str, mode: str | None) -> None:
    red = np.zeros((16, 24, 3), np.uint8)
    red[:8, :8, 0], red[:8, 8:, 1], red[8:, :8, 2] = 255, 255, 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    plain, turned = io.BytesIO(), io.BytesIO()
    how = (
        {"lossless": True} if kind == "WEBP" else {"subsampling": 0, "quality": 100} if kind == "JPEG" else {}
    )
    image = Image.fromarray(red)
    image = image.convert(mode) if mode else image
    image.save(plain, kind, **how)
    image.save(turned, kind, exif=exif, **how)
    expected = UPRIGHT[orientation](read_frame(plain, "p"))
    header = frame_header(turned, "t")
    assert (header.height, header.width, header.channels) == expected.shape
    assert len(header.notes) == (orientation > 1)
    assert (read_frame(turned, "t") == expected).all()


def test_exif_behind_the_pixels_of_a_png_counts_too() -> None:
    red = np.random.default_rng(0).integers(0, 255, (8, 12, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    Image.fromarray(red).save(stream, "PNG", exif=exif)
    data = stream.getvalue()
    at = data.index(b"eXIf") - 4
    length = 12 + struct.unpack(">I", data[at : at + 4])[0]
    end = data.index(b"IEND") - 4
    moved = data[:at] + data[at + length : end] + data[at : at + length] + data[end:]
    assert frame_header(io.BytesIO(moved), "t.png").width == 8
    assert (read_frame(io.BytesIO(moved), "t.png") == np.rot90(red, -1)).all()


def test_further_pages_of_a_tiff_are_named() -> None:
    pages = [Image.fromarray(np.full((8, 8), value, np.uint8)) for value in (1, 2, 3)]
    stream = io.BytesIO()
    pages[0].save(stream, "TIFF", save_all=True, append_images=pages[1:])
    assert frame_header(stream, "a.tif").left_out == ("further pages",)
    assert (read_frame(stream, "a.tif") == 1).all()


def test_sixteen_bits_of_colour_are_refused_and_not_halved() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(8 * 6) for _ in range(8))
    header = struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
    with pytest.raises(DataError, match=r"rgb48\.png") as caught:
        read_frame(io.BytesIO(png + chunk(b"IEND", b"")), "rgb48.png")
    assert caught.value.code == "deep_colour"


# FITS


def test_the_first_image_of_a_fits_is_read_past_empty_and_table_hdus() -> None:
    table = fits.BinTableHDU.from_columns([fits.Column("id", "J", array=np.arange(900))])
    stream = fits_file(fits.PrimaryHDU(), table, fits.ImageHDU(RAMP), fits.ImageHDU(RAMP[0]))
    left_out = ("HDU 1 (table)", "HDU 3 (image)")
    assert frame_header(stream, "a.fits") == FrameHeader(4, 5, 3, "float32", (), left_out)
    frame = read_frame(stream, "a.fits")
    # Row 0 of a picture is the last of FITS, which counts upwards: pixel (0, 1) of band 2 is 40 + 4·4 + 1.
    assert frame[0, 1, 2] == 57
    assert (frame == np.moveaxis(RAMP, 0, 2)[::-1]).all()


def test_two_axes_are_one_band_and_bands_may_come_last() -> None:
    assert (read_frame(fits_file(fits.PrimaryHDU(RAMP[1])), "a.fit")[..., 0] == RAMP[1][::-1]).all()
    last = np.arange(6 * 7 * 2, dtype=np.float32).reshape(6, 7, 2)
    assert (read_frame(fits_file(fits.PrimaryHDU(last)), "a.fit") == last[::-1]).all()


def test_scaled_integers_become_their_values_and_blank_becomes_nan() -> None:
    hdu = fits.PrimaryHDU(np.arange(12, dtype=np.float32).reshape(3, 4) / 2)
    hdu.scale("int16", bscale=0.5)  # stores 0 … 11
    hdu.header["BLANK"] = 7
    frame = read_frame(fits_file(hdu), "b.fits")[::-1, :, 0]
    assert frame[0, 3] == 1.5
    assert np.isnan(frame[1, 3])
    assert np.isnan(frame).sum() == 1


def test_unsigned_sixteen_bits_of_fits_stay_integers_and_doubles_become_floats() -> None:
    deep = np.array([[0, 40_000], [65_535, 1]], np.uint16)
    frame = read_frame(fits_file(fits.PrimaryHDU(deep)), "u.fits")
    assert frame.dtype == np.uint16
    assert (frame[::-1, :, 0] == deep).all()
    assert read_frame(fits_file(fits.PrimaryHDU(deep.astype(">f8"))), "d.fits").dtype == np.float32


def test_band_names_are_taken_as_the_legacy_surveys_write_them() -> None:
    together = fits.PrimaryHDU(RAMP, header=fits.Header({"BANDS": "grz"}))
    assert frame_header(fits_file(together), "a.fits").bands == ("g", "r", "z")
    apart = fits.PrimaryHDU(RAMP[:2], header=fits.Header({"BAND0": "VIS", "BAND1": "H"}))
    assert frame_header(fits_file(apart), "a.fits").bands == ("VIS", "H")
    single = fits.PrimaryHDU(RAMP[0], header=fits.Header({"FILTER": "F814W"}))
    assert frame_header(fits_file(single), "a.fits").bands == ("F814W",)


def test_a_gzipped_fits_is_the_same_frame() -> None:
    whole = fits_file(fits.PrimaryHDU(RAMP)).getvalue()
    packed = io.BytesIO(gzip.compress(whole))
    assert (read_frame(packed, "a.fits.gz") == read_frame(io.BytesIO(whole), "a.fits")).all()
    assert frame_header(packed, "a.fits.gz").channels == 3


def test_a_fits_that_declares_gigabytes_is_refused_before_it_is_read() -> None:
    header = fits_file(fits.PrimaryHDU(RAMP[0])).getvalue()[:2880]
    bomb = header.replace(b"NAXIS1  =                    4", b"NAXIS1  =            900000000")
    assert "5 × 900000000 pixels are too many" in unreadable(io.BytesIO(bomb), "bomb.fits")
    hidden = header.replace(b"NAXIS   =                    2", b"NAXIS   =                    1").replace(
        b"NAXIS1  =                    4", b"NAXIS1  =         900000000000"
    )
    packed = gzip.compress(hidden + bytes(50 * 2**20))
    assert "no image within its first 536,870,912 bytes" in unreadable(io.BytesIO(packed), "bomb.fits.gz")


def test_broken_fits_files_say_what_is_wrong() -> None:
    whole = fits_file(fits.PrimaryHDU(np.zeros((60, 60), np.float32))).getvalue()
    assert "11,520 of 14,400 bytes" in unreadable(io.BytesIO(whole[: 2880 + 11_520]), "cut.fits")
    assert "within a header" in unreadable(io.BytesIO(whole[:2000]), "cut.fits")
    assert "BITPIX is 17" in unreadable(io.BytesIO(whole.replace(b"-32", b" 17", 1)), "bits.fits")
    assert "no image HDU" in unreadable(fits_file(fits.PrimaryHDU()), "none.fits")
    assert "(7, 9, 8) has more than 5 bands" in unreadable(
        fits_file(fits.PrimaryHDU(np.zeros((7, 9, 8), np.float32))), "cube.fits"
    )
    assert "b'<html>'" in unreadable(io.BytesIO(b"<html>gone"), "page.fits")


# Arrays


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_npy_frame_may_have_its_bands_first_or_last_or_none(order: Any) -> None:
    last = np.arange(6 * 7 * 4, dtype=np.int32).reshape(6, 7, 4)
    for stored in (last, np.moveaxis(last, 2, 0)):
        stream = npy_file(np.array(stored, order=order))
        assert frame_header(stream, "a.npy") == FrameHeader(7, 6, 4, "float32", ())
        assert (read_frame(stream, "a.npy") == last).all()
    assert read_frame(npy_file(last[..., 0].astype(">u2")), "a.npy").dtype == np.uint16


def test_an_npy_of_objects_is_never_unpickled() -> None:
    stream = npy_file(np.array([{"a": 1}], object), allow_pickle=True)
    assert unreadable(stream, "o.npy") == "it holds object, not numbers"


def test_a_short_or_boundless_npy_is_refused_before_it_is_read() -> None:
    whole = npy_file(np.zeros((8, 8), np.float32)).getvalue()
    assert "252 of 256 bytes" in unreadable(io.BytesIO(whole[:-4]), "cut.npy")
    bomb = io.BytesIO()
    npy.write_array_header_1_0(bomb, {"descr": "<f8", "fortran_order": False, "shape": (90_000, 90_000)})
    assert "90000 × 90000 pixels are too many" in unreadable(bomb, "bomb.npy")


def test_an_empty_or_foreign_file_is_no_frame() -> None:
    assert unreadable(io.BytesIO(b""), "a.png") == "the file is empty"
    assert "JPEG, PNG" in unreadable(io.BytesIO(b"hello, I am text"), "a.png")


# Damage


def tiled(method: str) -> Any:
    values = np.random.default_rng(3).integers(0, 90, (20, 24)).astype(np.int16)
    return fits.CompImageHDU(values, compression_type=method, tile_shape=(10, 12))


def samples() -> list[tuple[str, bytes]]:
    rng = np.random.default_rng(1)
    colour = rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)
    whole = fits_file(fits.PrimaryHDU(), fits.ImageHDU(RAMP)).getvalue()
    tiles = [
        (f"{method}.fits.fz", fits_file(fits.PrimaryHDU(), tiled(method)).getvalue())
        for method in ("RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1")
    ]
    return [
        *tiles,
        ("a.fits", whole),
        ("a.fits.bz2", bz2.compress(whole)),
        ("a.fits.gz", gzip.compress(whole)),
        ("a.npy", npy_file(RAMP).getvalue()),
        ("a.tif", picture(colour[..., 0].astype(np.uint16), "TIFF").getvalue()),
        ("a.png", picture(colour, "PNG").getvalue()),
        ("a.jpg", picture(colour, "JPEG").getvalue()),
        ("a.webp", picture(colour, "WEBP").getvalue()),
        ("a.bmp", picture(colour, "BMP").getvalue()),
    ]


@settings(max_examples=400, deadline=None)
@given(
    which=st.sampled_from(samples()),
    cut=st.floats(0, 1),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), max_size=6),
)
def test_damage_gives_a_frame_or_a_reason(
    which: tuple[str, bytes], cut: float, flips: list[tuple[float, int]]
) -> None:
    name, whole = which
    data = bytearray(whole if cut > 0.3 else whole[: int(len(whole) * cut / 0.3)])
    for place, change in flips:
        if data:
            # Half of the flips go to the first 400 bytes, where formats keep their structure.
            span = len(data) if change % 2 else min(400, len(data))
            data[int(place * span)] ^= change
    try:
        frame = read_frame(io.BytesIO(bytes(data)), name)
    except (UnreadableImageError, DataError) as error:
        assert str(error)
    else:
        header = frame_header(io.BytesIO(bytes(data)), name)
        assert (header.height, header.width, header.channels) == frame.shape
        assert frame.dtype.name == header.dtype


def test_threads_leave_the_filters_of_warnings_as_they_were() -> None:
    data = io.BytesIO()
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(data, "PNG")
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        frames = list(pool.map(lambda _: read_frame(io.BytesIO(data.getvalue()), "x.png"), range(200)))
    assert len(frames) == 200
    assert warnings.filters == before
