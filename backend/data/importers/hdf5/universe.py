"""HDF5 files with a dataset a column, one file or one a HEALPix pixel, as MultimodalUniverse writes them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from backend.data.hdf5_safety import checked_dataset, dataset_keys, open_hdf5
from backend.data.importers.array_source import ArrayFile
from backend.data.importers.catalogue import numbered, unlabelled, with_table
from backend.data.importers.frame_source import SourceInfo
from backend.data.importers.hdf5.galaxy10 import damage_errors
from backend.data.importers.image_rows import Array, Hdf5Rows
from backend.data.importers.listing import role_columns
from backend.data.importers.names import listed
from backend.data.importers.reporting import Findings
from backend.data.importers.tables import MAX_ROWS
from backend.data.importers.tables.table import Record, Unread
from backend.errors import DataError
from shared.configs import ImportConfig
from shared.configs.datasets import NO_COLUMN

IMAGE_KEYS = ("images", "image_array", "image_flux", "rgb_image", "image_rgb", "image")
BAND_KEY, SCALE_KEY = "image_band", "image_scale"
HDF5_SUFFIXES = (".h5", ".hdf5")


def image_key(file: h5py.File, config: ImportConfig) -> str | None:
    """The dataset of images that `image_column` names, or the likeliest; None if there is none."""
    if config.image_column not in (None, "", NO_COLUMN):
        return config.image_column
    return next((key for key in IMAGE_KEYS if key in dataset_keys(file)), None)


def open_universe(path: Path, names: Sequence[str], config: ImportConfig, findings: Findings) -> ArrayFile:
    """The images of files `names` below `path`, in their order, and the columns of the same length with a
    role. DataError if their datasets differ, or cannot be used."""
    table = Hdf5Table(path, names, config)
    columns, view = role_columns(table, config.model_copy(update={"image_column": None}), None, findings)
    if table.others:
        first = ", ".join(table.others)
        findings.skipped(len(table.others), "dataset", f"of {table.name}", first)
    base = unlabelled(numbered(path.stem, table.n))
    catalogue = with_table(base, columns, findings, config.ra_unit)
    if "pxscale" not in catalogue.sky and table.scale is not None:
        catalogue.sky["pxscale"] = np.full(table.n, table.scale)
        findings.assumed(f"The pixel scale is taken from '{SCALE_KEY}': {table.scale:g} arcsec.", "pxscale")
    kind = "file" if path.is_file() else "folder"
    info = SourceInfo("universe", {"kind": "universe", kind: path.name, "images": table.key})
    return ArrayFile(JoinedRows(table), catalogue, info, table.bands, lambda: None, view)


class Hdf5Table:
    """The columns of one or more files: one-dimensional datasets as long as the images."""

    def __init__(self, path: Path, names: Sequence[str], config: ImportConfig) -> None:
        self.name = path.name
        self.files = [path / name for name in names] if path.is_dir() else [path]
        self.key = ""
        self.others: list[str] = []
        self.unread: list[Unread] = []
        self.units: dict[str, str] = {}
        self.exact: dict[str, int] = {}
        self.ends: list[int] = []
        self.shape: tuple[int, int, int, int] = (0, 0, 0, 0)
        self.dtype: np.dtype[Any] = np.dtype("u1")
        self.columns: list[str] = []
        self.bands: tuple[str, ...] = ()
        self.scale: float | None = None
        for file_path in self.files:
            with open_hdf5(file_path) as file, damage_errors(file_path.name):
                self._add(file, file_path.name, config)
        self.n = self.ends[-1]
        if self.n > MAX_ROWS:
            why = f"{self.name} has {self.n:,} images, more than {MAX_ROWS:,}; give a part of it."
            raise DataError("table_too_long", why, "path")

    def records(self, columns: Sequence[str]) -> Iterator[Record]:
        for path in self.files:
            with open_hdf5(path) as file, damage_errors(path.name):
                cells = [_cells(checked_dataset(file, column)[:]) for column in columns]
            yield from zip(*cells, strict=True)

    def rows(self, path: Path) -> tuple[h5py.File, Hdf5Rows]:
        """An open file and its images."""
        file = open_hdf5(path)
        return file, Hdf5Rows(checked_dataset(file, self.key), f"'{self.key}' of {path.name}")

    def _add(self, file: h5py.File, name: str, config: ImportConfig) -> None:
        key = self.key if self.ends else image_key(file, config)
        if key is None:
            why = f"{name} has no images: it holds {listed(dataset_keys(file))}"
            raise DataError("missing_key", f"{why}; name the dataset in image_column.", "image_column")
        images = Hdf5Rows(checked_dataset(file, key), f"'{key}' of {name}")
        n = images.shape[0]
        keys = [other for other in dataset_keys(file) if other != key]
        plain = [other for other in keys if _is_column(file, other, n)]
        bands, scale = _bands(file, name, images.shape), _scale(file)
        if not self.ends:
            self.key, self._keys, self.columns = key, keys, plain
            floats = {column: file[column].dtype for column in plain if file[column].dtype.kind == "f"}
            self.exact = {column: 2 ** (np.finfo(dtype).nmant + 1) for column, dtype in floats.items()}
            self.dtype, self.bands, self.scale = images.dtype, bands, scale
            read = {*plain, *((BAND_KEY,) if bands else ()), *((SCALE_KEY,) if scale else ())}
            self.others = [other for other in keys if other not in read]
        elif keys != self._keys or plain != self.columns or images.shape[1:] != self.shape[1:]:
            differing = sorted(set(keys) ^ set(self._keys)) or [key]
            why = f"{name} differs from the other files of {self.name} in {listed(differing)}"
            raise DataError("mixed_shards", f"{why}; give the folder of one set.", "path")
        elif bands != self.bands or images.dtype != self.dtype:
            why = f"{name} has the bands {bands} of {images.dtype}, others {self.bands} of {self.dtype}"
            raise DataError("mixed_bands", f"{why}; import each kind on its own.", "path")
        self.scale = scale if scale == self.scale else None
        self.ends.append((self.ends[-1] if self.ends else 0) + n)
        self.shape = (self.ends[-1], *images.shape[1:])


class JoinedRows:
    """The images of all files of a table, one after the other; one file is open at a time."""

    def __init__(self, table: Hdf5Table) -> None:
        self._table = table
        self._open: tuple[int, h5py.File, Hdf5Rows] | None = None
        self.shape, self.dtype, self.chunk_rows = table.shape, table.dtype, 1

    def read(self, start: int, end: int) -> Array:
        parts: list[Array] = []
        at, starts = start, [0, *self._table.ends]
        while at < end:
            index = int(np.searchsorted(self._table.ends, at, "right"))
            stop = min(end, starts[index + 1])
            parts.append(self._rows(index).read(at - starts[index], stop - starts[index]))
            at = stop
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _rows(self, index: int) -> Hdf5Rows:
        if self._open is None or self._open[0] != index:
            if self._open is not None:
                self._open[1].close()
            self._open = (index, *self._table.rows(self._table.files[index]))
        return self._open[2]


def hdf5_files(files: Sequence[str]) -> list[str]:
    """Those of the files of a folder that are HDF5."""
    return [name for name in files if name.lower().endswith(HDF5_SUFFIXES)]


def _is_column(file: h5py.File, key: str, n: int) -> bool:
    dataset = file.get(key) if isinstance(file.get(key, getlink=True), h5py.HardLink) else None
    if not isinstance(dataset, h5py.Dataset) or dataset.shape != (n,):
        return False
    return dataset.dtype.kind in "uifS" or h5py.check_string_dtype(dataset.dtype) is not None


def _bands(file: h5py.File, name: str, shape: tuple[int, int, int, int]) -> tuple[str, ...]:
    """Names of the bands, the same for all images; none if the file has none."""
    if BAND_KEY not in dataset_keys(file):
        return ()
    values = np.asarray(checked_dataset(file, BAND_KEY)[:])
    if values.shape != (shape[0], shape[3]):
        return ()
    if (values != values[:1]).any():
        row = int(np.flatnonzero((values != values[:1]).any(axis=1))[0])
        why = f"Row {row} of '{BAND_KEY}' of {name} has other bands than row 0"
        raise DataError("mixed_bands", f"{why}; import each kind on its own.", "path")
    return tuple(_cells(values[0]))


def _scale(file: h5py.File) -> float | None:
    """The pixel scale that all images and bands share, arcsec."""
    if SCALE_KEY not in dataset_keys(file):
        return None
    values = np.asarray(checked_dataset(file, SCALE_KEY)[:], np.float64)
    alike = values.size > 0 and np.isfinite(values).all() and values.min() == values.max() > 0
    return float(values.flat[0]) if alike else None


def _cells(values: NDArray[Any]) -> list[str]:
    """Text of each value: whole numbers without a point, NaN blank."""
    return [_text(value) for value in values.tolist()]


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace").strip()
    if isinstance(value, float):
        return (
            ""
            if value != value
            else str(int(value))
            if value.is_integer() and abs(value) < 1e15
            else str(value)
        )
    return str(value).strip()
