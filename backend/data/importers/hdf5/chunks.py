"""Gzip-compressed chunks of HDF5, inflated by several threads: the library uses one, under its lock."""

import os
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from backend.data.layout import Rows

MAX_CHUNK_BYTES = 8 * 2**20
"""Of a chunk that is inflated here; several are in memory at once."""
MAX_CHUNKS = 200_000
WORKERS = max(2, min(8, os.cpu_count() or 2))
PLAIN = ([h5py.h5z.FILTER_DEFLATE], [h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE])


@dataclass(frozen=True)
class Chunks:
    """Where the chunks of a dataset are in its file, in the order of their first rows: `starts` (K, axes) are
    the places of their first values."""

    path: Path
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    chunk: tuple[int, ...]
    shuffled: bool
    starts: Rows
    places: Rows
    sizes: Rows

    def read(self, start: int, end: int) -> NDArray[Any]:
        """Rows `start` to `end`, as stored. Raises OSError if a chunk is damaged."""
        out = np.empty((end - start, *self.shape[1:]), self.dtype)
        first = int(np.searchsorted(self.starts[:, 0], start - self.chunk[0], "right"))
        last = int(np.searchsorted(self.starts[:, 0], end))
        with self.path.open("rb", buffering=0) as file, ThreadPoolExecutor(WORKERS) as pool:
            for index, values in pool.map(
                lambda index: self._inflated(file.fileno(), index), range(first, last)
            ):
                self._put(values, self.starts[index], out, start)
        return out

    def _inflated(self, file: int, index: int) -> tuple[int, NDArray[Any]]:
        size = int(self.sizes[index])
        nbytes = int(np.prod(self.chunk)) * self.dtype.itemsize
        inflate = zlib.decompressobj()
        try:
            data = inflate.decompress(os.pread(file, size, int(self.places[index])), nbytes + 1)
        except zlib.error as error:
            raise OSError(f"chunk {index} is damaged ({error})") from error
        if len(data) != nbytes or not inflate.eof:
            raise OSError(f"chunk {index} holds {len(data):,} bytes of {nbytes:,}")
        if self.shuffled:
            data = np.frombuffer(data, np.uint8).reshape(self.dtype.itemsize, -1).T.tobytes()
        return index, np.frombuffer(data, self.dtype).reshape(self.chunk)

    def _put(self, values: NDArray[Any], place: Rows, out: NDArray[Any], start: int) -> None:
        """Copy the part of a chunk that lies in `out`."""
        low = [max(int(place[0]), start), *map(int, place[1:])]
        high = [
            min(int(at) + side, edge)
            for at, side, edge in zip(place, self.chunk, (start + len(out), *self.shape[1:]), strict=True)
        ]
        to = tuple(
            slice(a - (start if axis == 0 else 0), b - (start if axis == 0 else 0))
            for axis, (a, b) in enumerate(zip(low, high, strict=True))
        )
        own = tuple(slice(a - int(at), b - int(at)) for a, b, at in zip(low, high, place, strict=True))
        out[to] = values[own]


def plain_chunks(dataset: h5py.Dataset) -> Chunks | None:
    """The chunks of a checked dataset, if they are small and only shuffled and gzip-compressed; else None."""
    if dataset.chunks is None or dataset.file.userblock_size:
        return None
    properties, stored = dataset.id.get_create_plist(), dataset.id.get_type()
    filters = [properties.get_filter(index)[0] for index in range(properties.get_nfilters())]
    chunk_bytes = int(np.prod(dataset.chunks, dtype=object)) * dataset.dtype.itemsize
    count = dataset.id.get_num_chunks()
    if filters not in PLAIN or chunk_bytes > MAX_CHUNK_BYTES or count > MAX_CHUNKS:
        return None
    if not stored.equal(h5py.h5t.py_create(dataset.dtype)):
        return None
    found = list(_chunks(dataset))
    if len(found) != count or any(mask for *_, mask in found):  # a chunk may be stored without the filters
        return None
    found.sort()
    return Chunks(
        Path(dataset.file.filename),
        dataset.dtype,
        dataset.shape,
        dataset.chunks,
        len(filters) == 2,
        np.array([start for start, *_ in found], np.int64),
        np.array([place for _, place, *_ in found], np.int64),
        np.array([size for _, _, size, _ in found], np.int64),
    )


def _chunks(dataset: h5py.Dataset) -> Iterator[tuple[tuple[int, ...], int, int, int]]:
    """First value, place in the file, bytes and mask of skipped filters of each chunk."""
    infos: list[Any] = []
    dataset.id.chunk_iter(infos.append)
    for info in infos:
        yield info.chunk_offset, info.byte_offset, info.size, info.filter_mask
