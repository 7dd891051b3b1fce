"""Arrays of images by ranges of rows: in HDF5, in .npy by memory map, in .npz as a stream."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import h5py
import numpy as np
from numpy.typing import NDArray

from backend.data.frames.limits import READ_ERRORS
from backend.data.frames.reading import npy_header
from backend.data.importers.hdf5.chunks import plain_chunks
from backend.data.layout import MAX_CHANNELS
from backend.errors import DataError

HEADER_ERRORS = (*READ_ERRORS, RecursionError)
Array = NDArray[Any]


class ImageRows(Protocol):
    """Images (N, H, W, C) of a numeric `dtype`, read in ranges."""

    shape: tuple[int, int, int, int]
    dtype: np.dtype[Any]
    chunk_rows: int

    def read(self, start: int, end: int) -> Array:
        """(end − start, H, W, C); DataError if the file is damaged there."""
        ...


@dataclass(frozen=True)
class Axes:
    """Shape (N, H, W, C), and whether the stored images have their bands first."""

    shape: tuple[int, int, int, int]
    first: bool

    def ordered(self, stored: Array) -> Array:
        """(n, H, W, C) of images as stored."""
        if stored.ndim == 3:
            return stored[..., None]
        return np.moveaxis(stored, 1, 3) if self.first else stored


def axes_of(shape: tuple[int, ...], what: str) -> Axes:
    """The axes of images (N, H, W), (N, H, W, C) or (N, C, H, W), C at most 5; DataError for any other."""
    if len(shape) == 3 and min(shape) >= 1:
        return Axes((shape[0], shape[1], shape[2], 1), first=False)
    if len(shape) == 4 and min(shape) >= 1:
        if shape[3] <= MAX_CHANNELS:
            return Axes((shape[0], shape[1], shape[2], shape[3]), first=False)
        if shape[1] <= MAX_CHANNELS:
            return Axes((shape[0], shape[2], shape[3], shape[1]), first=True)
    why = f"{what} has shape {shape}; reorder its axes to (N, H, W) or (N, H, W, C) with C ≤ {MAX_CHANNELS}."
    raise DataError("bad_shape", why, "path")


def check_dtype(dtype: np.dtype[Any], what: str) -> None:
    """DataError unless these are plain numbers that a frame may hold."""
    if dtype.hasobject:
        why = f"{what} holds Python objects, and unpickling them could run code; save plain numbers."
        raise DataError("object_dtype", why, "path")
    if dtype.kind not in "uif" or dtype.itemsize > 8:
        why = f"{what} is {dtype}, not numbers; store uint8, uint16 or float32."
        raise DataError("bad_dtype", why, "path")


class Hdf5Rows:
    """A checked dataset of an HDF5 file."""

    def __init__(self, dataset: h5py.Dataset, what: str) -> None:
        check_dtype(dataset.dtype, what)
        self._axes = axes_of(dataset.shape, what)
        self._dataset = dataset
        self.shape = self._axes.shape
        self.dtype = dataset.dtype
        self.chunk_rows = dataset.chunks[0] if dataset.chunks is not None else 1
        self._chunks = plain_chunks(dataset)

    def read(self, start: int, end: int) -> Array:
        try:
            stored = self._dataset[start:end] if self._chunks is None else self._chunks.read(start, end)
            return self._axes.ordered(stored)
        except OSError as error:
            raise _damaged(Path(self._dataset.file.filename).name, start, end) from error


@dataclass(frozen=True)
class NpyHeader:
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def read_npy_header(stream: BinaryIO, what: str) -> NpyHeader:
    """The header of an array in .npy format; leaves the stream at its values."""
    try:
        return NpyHeader(*npy_header(stream))
    except HEADER_ERRORS as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:100]
        why = f"{what} is not a readable NumPy array ({reason}); save it again."
        raise DataError("damaged", why, "path") from error


class NpyRows:
    """A .npy file, memory-mapped."""

    chunk_rows = 1

    def __init__(self, path: Path) -> None:
        with path.open("rb") as stream:
            header = read_npy_header(stream, path.name)
            offset = stream.tell()
        check_dtype(header.dtype, path.name)
        self._axes = axes_of(header.shape, path.name)
        size = path.stat().st_size
        if offset + header.nbytes > size:
            raise _truncated(path.name, header.nbytes, size - offset)
        self._values: Array = np.memmap(
            path, header.dtype, "r", offset, header.shape, "F" if header.fortran else "C"
        )
        self.shape = self._axes.shape
        self.dtype = header.dtype

    def read(self, start: int, end: int) -> Array:
        return np.array(self._axes.ordered(self._values[start:end]))


class NpzRows:
    """A member of a .npz, read as a stream: fast forwards; a step back starts from the beginning."""

    chunk_rows = 1

    def __init__(self, opener: Callable[[], BinaryIO], what: str, member_bytes: int) -> None:
        self._open = opener
        self._what = what
        self._stream = opener()
        try:
            header = _streamable(self._stream, what, member_bytes)
            self._axes = axes_of(header.shape, what)
        except DataError:
            self._stream.close()
            raise
        self.shape = self._axes.shape
        self.dtype = header.dtype
        self._stored = header.shape[1:]
        self._row_bytes = math.prod(self._stored) * header.dtype.itemsize
        self._at = 0

    def read(self, start: int, end: int) -> Array:
        if start < self._at:
            self.close()
            self._stream = self._open()
            read_npy_header(self._stream, self._what)
            self._at = 0
        for row in range(self._at, start):
            self._take(1, row)
        data = self._take(end - start, start)
        self._at = end
        return self._axes.ordered(np.frombuffer(data, self.dtype).reshape(end - start, *self._stored))

    def close(self) -> None:
        self._stream.close()

    def _take(self, rows: int, start: int) -> bytes:
        try:
            data = self._stream.read(rows * self._row_bytes)
        except READ_ERRORS as error:
            raise _damaged(self._what, start, start + rows) from error
        if len(data) < rows * self._row_bytes:
            raise _damaged(self._what, start, start + rows)
        return data


def _streamable(stream: BinaryIO, what: str, member_bytes: int) -> NpyHeader:
    """The header of an array whose rows can be read in order."""
    header = read_npy_header(stream, what)
    check_dtype(header.dtype, what)
    if header.nbytes > member_bytes:
        raise _truncated(what, header.nbytes, member_bytes)
    if header.fortran and len(header.shape) > 1:
        why = f"{what} is stored in Fortran order; save np.ascontiguousarray(images) instead."
        raise DataError("fortran_order", why, "path")
    return header


def _damaged(name: str, start: int, end: int) -> DataError:
    why = f"{name} cannot be read in rows {start} to {end - 1}; download or save it again."
    return DataError("damaged", why, "path")


def _truncated(name: str, declared: int, present: int) -> DataError:
    why = f"{name} declares {declared:,} bytes of pixels but holds {max(present, 0):,}; save it again."
    return DataError("truncated", why, "path")
