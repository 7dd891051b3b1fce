"""HDF5 files from strangers: what is refused before a byte of data is read.

A dataset may name another file as its storage, be a view on other files, hang on a link, ask for a filter
plug-in, or declare terabytes in a kilobyte. Each is one sentence here.
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
    """The file, open for reading; DataError where it is absent, no HDF5 or cut short."""
    if not path.is_file():
        raise DataError("not_a_file", f"{path} is not a file; check the path.", "path")
    try:
        if not h5py.is_hdf5(path):
            raise DataError(
                "not_hdf5", f"{path.name} is not an HDF5 file; download or export it again.", "path"
            )
        return h5py.File(path, "r", locking="best-effort")
    except PermissionError as error:
        raise DataError(
            "unreadable", f"{path.name} may not be read; change its permissions.", "path"
        ) from error
    except OSError as error:
        raise _broken(path, error) from error


def _broken(path: Path, error: OSError) -> DataError:
    size = path.stat().st_size
    if "truncated" in str(error):
        sentence = f"{path.name} is cut short: it ends at {size:,} bytes, before its own stated end"
        return DataError("truncated", f"{sentence}; download it again.", "path")
    return DataError("damaged", f"{path.name} ({size:,} bytes) is damaged; download it again.", "path")


def dataset_keys(file: h5py.File) -> list[str]:
    """Names at the top of the file, links not followed."""
    return sorted(file.keys())


def checked_dataset(file: h5py.File, key: str) -> h5py.Dataset:
    """The dataset `key`, once it is known to lie wholly in this file and to be as large as it says."""
    name = Path(file.filename).name
    if key not in dataset_keys(file):
        keys = ", ".join(dataset_keys(file)[:12]) or "nothing"
        raise DataError(
            "missing_key", f"{name} has no dataset '{key}': it holds {keys}; rename yours to '{key}'.", "path"
        )
    link = file.get(key, getlink=True)
    if not isinstance(link, h5py.HardLink):
        kind = "an external link" if isinstance(link, h5py.ExternalLink) else "a soft link"
        raise _refusal(
            "linked_object", name, key, f"is {kind} to '{link.path}'", "copy the data into the file"
        )
    dataset = file[key]
    if not isinstance(dataset, h5py.Dataset):
        raise _refusal("not_a_dataset", name, key, "is a group", "store an array under that name")
    _check_storage(dataset, name, key)
    _check_filters(dataset, name, key)
    _check_size(dataset, name, key)
    return dataset


def _refusal(code: str, name: str, key: str, what: str, advice: str) -> DataError:
    return DataError(code, f"'{key}' of {name} {what}, which is refused; {advice}.", "path")


def _check_storage(dataset: h5py.Dataset, name: str, key: str) -> None:
    if dataset.is_virtual:
        raise _refusal(
            "virtual_storage", name, key, "is a virtual view on other files", "copy the data into the file"
        )
    if dataset.external:
        other = dataset.external[0][0]
        raise _refusal(
            "external_storage",
            name,
            key,
            f"keeps its data in another file ('{other}')",
            "copy the data into the file",
        )
    if dataset.dtype.hasobject and h5py.check_string_dtype(dataset.dtype) is None:
        raise _refusal("bad_dtype", name, key, "holds objects or references", "store plain numbers")


def _check_filters(dataset: h5py.Dataset, name: str, key: str) -> None:
    properties = dataset.id.get_create_plist()
    for index in range(properties.get_nfilters()):
        number = properties.get_filter(index)[0]
        if number not in KNOWN_FILTERS or not h5py.h5z.filter_avail(number):
            raise _refusal(
                "unknown_filter", name, key, f"is packed by the unknown filter {number}", "write it with gzip"
            )


def _check_size(dataset: h5py.Dataset, name: str, key: str) -> None:
    """Declared bytes must be in the file: all of them, or every chunk of them at a believable ratio."""
    declared = int(np.prod(dataset.shape, dtype=object)) * dataset.dtype.itemsize
    stored = dataset.id.get_storage_size()
    file_bytes = Path(dataset.file.filename).stat().st_size
    short = stored < declared if dataset.chunks is None else stored * MAX_RATIO < declared
    if short or stored > file_bytes:
        raise DataError(
            "declared_too_large",
            f"'{key}' of {name} declares {declared:,} bytes but the file holds {min(stored, file_bytes):,}; "
            "download or export it again.",
            "path",
        )
    offset = dataset.id.get_offset()
    if dataset.chunks is None and offset is not None and offset + declared > file_bytes:
        raise DataError(
            "truncated",
            f"'{key}' of {name} ends at byte {offset + declared:,} of a file of {file_bytes:,}; "
            "download it again.",
            "path",
        )
    if dataset.chunks is not None:
        _check_chunks(dataset, name, key)


def _check_chunks(dataset: h5py.Dataset, name: str, key: str) -> None:
    chunk_bytes = int(np.prod(dataset.chunks, dtype=object)) * dataset.dtype.itemsize
    if chunk_bytes > MAX_CHUNK_BYTES:
        raise _refusal(
            "chunk_too_large",
            name,
            key,
            f"has chunks of {chunk_bytes:,} bytes",
            "write it with smaller chunks",
        )
    grid = zip(dataset.shape, dataset.chunks, strict=True)
    expected = int(np.prod([-(-size // chunk) for size, chunk in grid], dtype=object))
    present = dataset.id.get_num_chunks()
    if present < expected:
        raise DataError(
            "incomplete",
            f"'{key}' of {name} has {present:,} of its {expected:,} chunks; download or export it again.",
            "path",
        )
