"""HDF5 files from strangers: what is refused before any data is read.

A dataset may name another file as its storage, be a view on other files, be a link, need a filter plug-in, or
declare terabytes in a kilobyte.
"""

from pathlib import Path

import h5py
import numpy as np

from backend.errors import DataError

KNOWN_FILTERS = {
    h5py.h5z.FILTER_DEFLATE,
    h5py.h5z.FILTER_SHUFFLE,
    h5py.h5z.FILTER_FLETCHER32,
    h5py.h5z.FILTER_SZIP,
    h5py.h5z.FILTER_NBIT,
    h5py.h5z.FILTER_SCALEOFFSET,
    h5py.h5z.FILTER_LZF,
}
MAX_RATIO = 1100
"""Deflate cannot shrink further than about 1032 to 1."""
MAX_CHUNK_BYTES = 256 * 2**20


def open_hdf5(path: Path) -> h5py.File:
    """The file, open for reading; DataError if it is missing, not HDF5 or truncated."""
    if not path.is_file():
        raise DataError("not_a_file", f"{path} is not a file; check the path.", "path")
    try:
        if not h5py.is_hdf5(path):
            why = f"{path.name} is not an HDF5 file; download or export it again."
            raise DataError("not_hdf5", why, "path")
        return h5py.File(path, "r", locking="best-effort")
    except PermissionError as error:
        why = f"{path.name} may not be read; change its permissions."
        raise DataError("unreadable", why, "path") from error
    except OSError as error:
        code = "truncated" if "truncated" in str(error) else "damaged"
        why = f"{path.name} ({path.stat().st_size:,} bytes) is {code}; download it again."
        raise DataError(code, why, "path") from error


def dataset_keys(file: h5py.File) -> list[str]:
    """Names at the top of the file, links not followed."""
    return sorted(file.keys())


def checked_dataset(file: h5py.File, key: str) -> h5py.Dataset:
    """The dataset `key`, once it is known to be wholly in this file and as large as it declares."""
    name = Path(file.filename).name
    where = f"'{key}' of {name}"
    if key not in dataset_keys(file):
        keys = ", ".join(dataset_keys(file)[:12]) or "nothing"
        why = f"{name} has no dataset '{key}': it holds {keys}; rename yours to '{key}'."
        raise DataError("missing_key", why, "path")
    link = file.get(key, getlink=True)
    if not isinstance(link, h5py.HardLink):
        kind = "an external link" if isinstance(link, h5py.ExternalLink) else "a soft link"
        raise _refused("linked_object", where, f"is {kind} to '{link.path}'; copy the data into the file")
    dataset = file[key]
    if not isinstance(dataset, h5py.Dataset):
        raise _refused("not_a_dataset", where, "is a group; store an array under that name")
    _check_storage(dataset, where)
    _check_size(dataset, where)
    return dataset


def _refused(code: str, where: str, problem: str) -> DataError:
    return DataError(code, f"{where} {problem}.", "path")


def _check_storage(dataset: h5py.Dataset, where: str) -> None:
    if dataset.is_virtual:
        raise _refused(
            "virtual_storage", where, "is a virtual view on other files; copy the data into the file"
        )
    if dataset.external:
        other = dataset.external[0][0]
        raise _refused(
            "external_storage", where, f"is stored in another file, '{other}'; copy the data into it"
        )
    if dataset.dtype.hasobject and h5py.check_string_dtype(dataset.dtype) is None:
        raise _refused("bad_dtype", where, "holds objects or references; store plain numbers")
    properties = dataset.id.get_create_plist()
    for index in range(properties.get_nfilters()):
        number = properties.get_filter(index)[0]
        if number not in KNOWN_FILTERS or not h5py.h5z.filter_avail(number):
            raise _refused("unknown_filter", where, f"needs the unknown filter {number}; write it with gzip")


def _check_size(dataset: h5py.Dataset, where: str) -> None:
    """Declared bytes must be in the file: all of them, or every chunk of them at a plausible ratio."""
    declared = int(np.prod(dataset.shape, dtype=object)) * dataset.dtype.itemsize
    stored = dataset.id.get_storage_size()
    file_bytes = Path(dataset.file.filename).stat().st_size
    short = stored < declared if dataset.chunks is None else stored * MAX_RATIO < declared
    if short or stored > file_bytes:
        problem = (
            f"declares {declared:,} bytes but the file holds {min(stored, file_bytes):,}; download it again"
        )
        raise _refused("declared_too_large", where, problem)
    if dataset.chunks is not None:
        _check_chunks(dataset, where)
        return
    offset = dataset.id.get_offset()
    if offset is not None and offset + declared > file_bytes:
        problem = f"ends at byte {offset + declared:,} of a file of {file_bytes:,}; download it again"
        raise _refused("truncated", where, problem)


def _check_chunks(dataset: h5py.Dataset, where: str) -> None:
    chunk_bytes = int(np.prod(dataset.chunks, dtype=object)) * dataset.dtype.itemsize
    if chunk_bytes > MAX_CHUNK_BYTES:
        raise _refused("chunk_too_large", where, f"has chunks of {chunk_bytes:,} bytes; write smaller chunks")
    grid = zip(dataset.shape, dataset.chunks, strict=True)
    expected = int(np.prod([-(-size // chunk) for size, chunk in grid], dtype=object))
    present = dataset.id.get_num_chunks()
    if present < expected:
        problem = f"has {present:,} of its {expected:,} chunks; download or export it again"
        raise _refused("incomplete", where, problem)
