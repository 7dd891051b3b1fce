"""One frame to an array: pictures, FITS and .npy, recognised by their first bytes.

The size that a header declares is checked before anything is decoded.
"""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from backend.data.frames.fits import FITS_MAGIC, GZIP_MAGIC, fits_header, read_fits
from backend.data.frames.limits import MAX_PIXELS, READ_ERRORS, UnreadableImageError, split_axes
from backend.errors import DataError

__all__ = ["FRAME_SUFFIXES", "Frame", "FrameHeader", "UnreadableImageError", "frame_header", "read_frame"]

Frame = NDArray[Any]
"""(H, W, C) uint8, uint16 or float32 with NaN for blank pixels; C 1 to 5; row 0 on top."""

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP")
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp")
FITS_SUFFIXES = (".fits", ".fit", ".fts", ".fits.gz", ".fit.gz")
FRAME_SUFFIXES = (*PICTURE_SUFFIXES, *FITS_SUFFIXES, ".npy")
"""Endings, in lower case, of the files that read_frame reads."""

GREY_MODES = frozenset({"1", "L", "LA", "La"})
COLOUR_MODES = frozenset({"RGB", "RGBA", "RGBX", "RGBa", "P", "PA", "CMYK", "YCbCr", "LAB", "HSV"})
DEEP_MODES = {"I;16": "uint16", "I;16L": "uint16", "I;16B": "uint16", "I;16N": "uint16"}
WIDE_MODES = {"I": "float32", "F": "float32"}
NPY_MAGIC = b"\x93NUMPY"


class _QuietPillow:
    """Bombs are errors and other warnings of Pillow are silent while any thread is inside. The filters belong
    to the whole process: the first to enter sets them, the last to leave restores them."""

    def __init__(self) -> None:
        self._lock, self._inside = Lock(), 0
        self._filters = ExitStack()

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._filters.enter_context(warnings.catch_warnings())
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._filters.close()


QUIET = _QuietPillow()


@dataclass(frozen=True)
class FrameHeader:
    """A frame before its pixels are read. `dtype` is that of read_frame's array; `bands` are named by the
    file, or empty."""

    width: int
    height: int
    channels: int
    dtype: str
    bands: tuple[str, ...]


def read_frame(stream: BinaryIO, name: str) -> Frame:
    """The pixels of one file, from a seekable stream.

    Grey pictures have one band, other pictures three: alpha is dropped, CMYK and palettes become RGB. FITS
    gives its first image HDU, its last row on top as the sky is shown. UnreadableImageError if this file is
    broken or too large; DataError if every such file would fail (three bands of 16 bits in a PNG or TIFF).
    """
    kind = _kind(stream, name)
    if kind == "fits":
        return read_fits(stream)
    if kind == "npy":
        return _read_npy(stream)
    with _picture(stream, name) as image:
        return _picture_pixels(image)


def frame_header(stream: BinaryIO, name: str) -> FrameHeader:
    """Size, bands and type of one file, from its header alone; errors as for read_frame."""
    kind = _kind(stream, name)
    if kind == "fits":
        (height, width, channels), dtype, bands = fits_header(stream)
        return FrameHeader(width, height, channels, dtype, bands)
    if kind == "npy":
        axes, _, stored = _npy_frame_header(stream)
        _, (height, width, channels) = split_axes(axes, prefer_first=False)
        return FrameHeader(width, height, channels, frame_dtype(stored), ())
    with _picture(stream, name) as image:
        dtype = DEEP_MODES.get(image.mode) or WIDE_MODES.get(image.mode) or "uint8"
        return FrameHeader(image.width, image.height, 3 if image.mode in COLOUR_MODES else 1, dtype, ())


def _kind(stream: BinaryIO, name: str) -> str:
    """picture, fits or npy, by the first bytes; the suffix serves messages only."""
    try:
        stream.seek(0)
        start = stream.read(len(FITS_MAGIC))
        stream.seek(0)
    except READ_ERRORS as error:
        raise UnreadableImageError(f"cannot be read ({error})") from error
    if not start:
        raise UnreadableImageError("the file is empty")
    if start == FITS_MAGIC or start.startswith(GZIP_MAGIC):
        return "fits"
    if start.startswith(NPY_MAGIC):
        return "npy"
    if name.lower().endswith((*FITS_SUFFIXES, ".npy")):
        expected = "NumPy array" if name.lower().endswith(".npy") else "FITS file"
        raise UnreadableImageError(f"not a {expected}: it starts with {start[:6]!r}")
    return "picture"


@contextmanager
def _picture(stream: BinaryIO, name: str) -> Iterator[Image.Image]:
    """The picture, header read and limits checked, pixels not yet decoded."""
    try:
        with QUIET, Image.open(stream, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise UnreadableImageError(f"{image.width} × {image.height} pixels are too many")
            _check_mode(image, name)
            yield image
    except UnidentifiedImageError as error:
        raise UnreadableImageError(f"not a {', '.join(FORMATS[:-1])} or {FORMATS[-1]} image") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadableImageError("too many pixels") from error
    except READ_ERRORS as error:
        raise UnreadableImageError(str(error) or f"damaged ({type(error).__name__})") from error


def _check_mode(image: Image.Image, name: str) -> None:
    if image.mode not in GREY_MODES | COLOUR_MODES | DEEP_MODES.keys() | WIDE_MODES.keys():
        raise UnreadableImageError(f"its mode {image.mode} is not supported")
    if image.mode in COLOUR_MODES | GREY_MODES and any(";16" in layout for layout in _stored_layouts(image)):
        # The decoder would silently keep the upper 8 bits.
        why = f"{name} has several bands of 16 bits, of which 8 would be lost; save them as FITS or .npy."
        raise DataError("deep_colour", why, "path")


def _stored_layouts(image: Image.Image) -> list[str]:
    """How the file stores its pixels, such as `RGB;16B`, one entry per tile."""
    if not isinstance(image, ImageFile.ImageFile):
        return []
    arguments = [tile.args for tile in image.tile if tile.args]
    return [args if isinstance(args, str) else str(args[0]) for args in arguments]


def _picture_pixels(image: Image.Image) -> Frame:
    if image.mode in DEEP_MODES:
        return np.asarray(image).astype(np.uint16)[..., None]
    if image.mode in WIDE_MODES:
        return np.asarray(image).astype(np.float32)[..., None]
    if image.mode in ("La", "RGBa"):
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    if image.mode in ("PA", "P") and "transparency" in image.info:
        image = image.convert("RGBA")  # alpha is dropped, not blended: colours stay as stored
    grey = image.mode in GREY_MODES
    pixels = np.asarray(image.convert("L" if grey else "RGB"), np.uint8)
    return pixels[..., None] if grey else pixels


def npy_header(stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, Fortran order and dtype; raises READ_ERRORS and RecursionError on a damaged header."""
    version = npy.read_magic(stream)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
    if read is None:
        raise ValueError(f"version {version[0]}.{version[1]} of the .npy format is unknown")
    header: tuple[tuple[int, ...], bool, np.dtype[Any]] = read(stream)
    return header


def frame_dtype(dtype: np.dtype[Any]) -> str:
    """The type that values of a frame are read as: uint8, uint16, else float32."""
    return dtype.name if dtype.name in ("uint8", "uint16") else "float32"


def _npy_frame_header(stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        shape, fortran, dtype = npy_header(stream)
    except READ_ERRORS as error:
        raise UnreadableImageError(f"its .npy header is damaged ({error})") from error
    if dtype.hasobject or dtype.kind not in "uif":
        raise UnreadableImageError(f"it holds {dtype}, not numbers")
    return shape, fortran, dtype


def _read_npy(stream: BinaryIO) -> Frame:
    shape, fortran, dtype = _npy_frame_header(stream)
    bands_first, _ = split_axes(shape, prefer_first=False)
    nbytes = int(np.prod(shape, dtype=object)) * dtype.itemsize
    try:
        data = stream.read(nbytes)
    except READ_ERRORS as error:
        raise UnreadableImageError(f"cannot be read ({error})") from error
    if len(data) < nbytes:
        raise UnreadableImageError(f"it is truncated: {len(data):,} of {nbytes:,} bytes of pixels")
    values = np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
    with np.errstate(over="ignore", invalid="ignore"):  # a signalling NaN of a damaged file
        values = values.astype(frame_dtype(dtype))
    if values.ndim == 2:
        return values[..., None]
    return np.ascontiguousarray(np.moveaxis(values, 0, 2) if bands_first else values)
