"""One frame to an array: pictures, FITS and .npy, recognised by their first bytes.

The size that a header declares is checked before anything is decoded.
"""

from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from backend.data.frames.fits import fits_header, read_fits
from backend.data.frames.fits_hdus import BZIP2_MAGIC, FITS_MAGIC, GZIP_MAGIC
from backend.data.frames.fits_pixels import narrowed
from backend.data.frames.header import Frame, FrameHeader
from backend.data.frames.limits import READ_ERRORS, UnreadableImageError, split_axes
from backend.data.frames.pictures import header_of, opened_picture, picture_header, pixels_of, read_picture

__all__ = [
    "FRAME_SUFFIXES",
    "Frame",
    "FrameHeader",
    "UnreadableImageError",
    "frame_header",
    "read_frame",
    "read_with_header",
]

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp")
PLAIN_FITS = (".fits", ".fit", ".fts")
FITS_SUFFIXES = (*PLAIN_FITS, *(end + packed for end in PLAIN_FITS for packed in (".fz", ".gz", ".bz2")))
FRAME_SUFFIXES = (*PICTURE_SUFFIXES, *FITS_SUFFIXES, ".npy")
"""Endings, in lower case, of the files that read_frame reads."""

NPY_MAGIC = b"\x93NUMPY"


def read_frame(stream: BinaryIO, name: str, hdus: str | None = None) -> Frame:
    """The pixels of one file, from a seekable stream.

    Grey pictures have one band, other pictures three: alpha is dropped, CMYK and palettes become RGB; they
    are turned upright as EXIF says. FITS gives its images of one shape as bands, or those that `hdus` names,
    its last row on top as the sky is shown. UnreadableImageError if this file is broken or too large;
    DataError if every such file would fail (three bands of 16 bits in a PNG or TIFF).
    """
    kind = _kind(stream, name)
    if kind == "fits":
        return read_fits(stream, hdus)
    return _read_npy(stream) if kind == "npy" else read_picture(stream, name)


def frame_header(stream: BinaryIO, name: str, hdus: str | None = None) -> FrameHeader:
    """Size, bands and type of one file, from its header alone; errors as for read_frame."""
    kind = _kind(stream, name)
    if kind == "fits":
        return fits_header(stream, hdus)
    if kind == "npy":
        axes, _, stored = _npy_frame_header(stream)
        _, (height, width, channels) = split_axes(axes, prefer_first=False)
        return FrameHeader(width, height, channels, frame_dtype(stored), ())
    return picture_header(stream, name)


def read_with_header(stream: BinaryIO, name: str, hdus: str | None = None) -> tuple[FrameHeader, Frame]:
    """Both, in one pass over the file where its kind allows it; errors as for read_frame."""
    if _kind(stream, name) == "picture":
        with opened_picture(stream, name) as image:
            return header_of(image, stream), pixels_of(image)
    header = frame_header(stream, name, hdus)
    return header, read_frame(stream, name, hdus)


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
    if start == FITS_MAGIC or start.startswith((GZIP_MAGIC, BZIP2_MAGIC)):
        return "fits"
    if start.startswith(NPY_MAGIC):
        return "npy"
    if name.lower().endswith((*FITS_SUFFIXES, ".npy")):
        expected = "NumPy array" if name.lower().endswith(".npy") else "FITS file"
        raise UnreadableImageError(f"not a {expected}: it starts with {start[:6]!r}")
    return "picture"


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
    values = narrowed(values, frame_dtype(dtype))
    if values.ndim == 2:
        return values[..., None]
    return np.ascontiguousarray(np.moveaxis(values, 0, 2) if bands_first else values)
