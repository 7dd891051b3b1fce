"""Chunks of HDF5 inflated by threads: the values that h5py reads, or damage told."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from backend.data.importers.hdf5.chunks import plain_chunks

SHAPE = (37, 19, 23, 3)


def made(path: Path, dtype: str = "u1", **how: Any) -> h5py.Dataset:
    values = np.random.default_rng(0).integers(0, 50, SHAPE).astype(dtype)
    with h5py.File(path, "w") as file:
        file.create_dataset("images", data=values, **how)
    return h5py.File(path)["images"]


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "<f4", ">f8", "i8"])
@pytest.mark.parametrize(
    "chunks", [(1, 19, 23, 3), (5, 8, 8, 1), (37, 19, 23, 3), (4, 7, 23, 2), (40, 19, 23, 3)]
)
@pytest.mark.parametrize("shuffle", [False, True])
def test_every_range_of_rows_is_what_h5py_reads(
    tmp_path: Path, dtype: str, chunks: tuple[int, ...], shuffle: bool
) -> None:
    grows = {"maxshape": (None, *SHAPE[1:])}  # a chunk may then be longer than the dataset
    images = made(tmp_path / "a.h5", dtype, chunks=chunks, compression=4, shuffle=shuffle, **grows)
    found = plain_chunks(images)
    assert found is not None
    for start, end in ((0, 37), (0, 1), (36, 37), (3, 11), (5, 10)):
        values = found.read(start, end)
        assert values.dtype == images.dtype
        assert (values == images[start:end]).all()


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"chunks": (5, 8, 8, 1)},
        {"chunks": (5, 8, 8, 1), "compression": "lzf"},
        {"chunks": (5, 8, 8, 1), "compression": 4, "fletcher32": True},
        {"chunks": (5, 8, 8, 1), "compression": 4, "scaleoffset": 0},
    ],
)
def test_other_filters_are_left_to_h5py(tmp_path: Path, how: dict[str, Any]) -> None:
    assert plain_chunks(made(tmp_path / "a.h5", "i4", **how)) is None


def test_a_chunk_stored_without_its_filter_is_left_to_h5py(tmp_path: Path) -> None:
    made(tmp_path / "a.h5", chunks=(1, 19, 23, 3), compression=4).file.close()
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file["images"].id.write_direct_chunk((3, 0, 0, 0), bytes(19 * 23 * 3), filter_mask=1)
    with h5py.File(tmp_path / "a.h5") as file:
        assert plain_chunks(file["images"]) is None


@pytest.mark.parametrize("stored", [b"rubbish", b""])
def test_a_damaged_chunk_is_told(tmp_path: Path, stored: bytes) -> None:
    images = made(tmp_path / "a.h5", chunks=(5, 19, 23, 3), compression=4)
    info = images.id.get_chunk_info(2)
    with (tmp_path / "a.h5").open("r+b") as raw:
        raw.seek(info.byte_offset)
        raw.write((stored + bytes(info.size))[: info.size])
    found = plain_chunks(images)
    assert found is not None
    assert (found.read(0, 10) == images[0:10]).all()
    with pytest.raises(OSError, match="chunk 2"):
        found.read(0, 11)


def test_a_chunk_that_inflates_to_too_much_is_told(tmp_path: Path) -> None:
    import zlib

    made(tmp_path / "a.h5", chunks=(1, 19, 23, 3), compression=4).file.close()
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file["images"].id.write_direct_chunk((3, 0, 0, 0), zlib.compress(bytes(10**6)))
    with h5py.File(tmp_path / "a.h5") as file, pytest.raises(OSError, match="chunk 3"):
        found = plain_chunks(file["images"])
        assert found is not None
        found.read(0, 37)
