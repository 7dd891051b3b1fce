"""NumPy files as a source: images in .npy, or in .npz beside their labels and columns."""

import zipfile
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from backend.data.importers.array_source import ArrayFile
from backend.data.importers.catalogue import (
    Catalogue,
    check_class_names,
    check_codes,
    classes_of,
    numbered,
    unlabelled,
)
from backend.data.importers.class_names import given_names
from backend.data.importers.frame_source import SourceInfo
from backend.data.importers.image_rows import HEADER_ERRORS, NpyRows, NpzRows, check_dtype, read_npy_header
from backend.data.importers.names import ID_COLUMNS, counted
from backend.data.importers.reporting import Findings
from backend.data.importers.values import FIELDS, Column, checked_sky, exact_ids, split_codes
from backend.data.layout import SKY_KEYS, Floats
from backend.errors import DataError
from shared.configs import ImportConfig

MAX_COLUMN_BYTES = 256 * 2**20
IMAGE_KEYS = ("images", "arr_0")
LABEL_KEYS = ("labels", "ans", "y")
ID_KEYS = ("ids", *ID_COLUMNS)


def open_npy(config: ImportConfig) -> ArrayFile:
    """The images of a .npy file, without columns."""
    path = Path(config.path).expanduser()
    images = NpyRows(path)
    catalogue = unlabelled(numbered(path.stem, images.shape[0]))
    return ArrayFile(images, catalogue, _info(path), (), lambda: None)


def open_npz(config: ImportConfig, findings: Findings) -> ArrayFile:
    """The images of a .npz file and its columns: labels, ans or y; ra, dec, redshift, pxscale; source_id or
    ids; split; class_names."""
    file = NpzFile(Path(config.path).expanduser())
    try:
        images = file.images()
        catalogue = unlabelled(numbered(file.path.stem, images.shape[0]))
        with findings.trying():
            _read_columns(file, catalogue, config)
        file.note_unread(len(catalogue), findings)
        return ArrayFile(images, catalogue, _info(file.path), (), file.close)
    except DataError:
        file.close()
        raise


def _info(path: Path) -> SourceInfo:
    return SourceInfo(kind="array", provenance={"kind": "array", "file": path.name})


class NpzFile:
    """A .npz archive whose members are read one by one, never unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (*HEADER_ERRORS, zipfile.BadZipFile) as error:
            why = f"{path.name} is not a readable .npz ({error}); save it again."
            raise DataError("damaged", why, "path") from error
        members = {info.filename: info for info in self._zip.infolist()}
        self._members = {name[:-4]: info for name, info in members.items() if name.endswith(".npy")}
        self._others = [name for name in members if not name.endswith(".npy")]
        self._images: NpzRows | None = None
        self._read: set[str] = set()

    def close(self) -> None:
        if self._images is not None:
            self._images.close()
        self._zip.close()

    def first_key(self, keys: tuple[str, ...]) -> str | None:
        found = next((key for key in keys if key in self._members), None)
        self._read |= {found} if found is not None else set()
        return found

    def note_unread(self, n: int, findings: Findings) -> None:
        """Put into the receipt which arrays were read, and which were not."""
        read = [key for key in self._members if key in self._read]
        findings.read(f"{counted(n, 'row')} of {self.path.name}: {', '.join(read)}.", n)
        unread = [key for key in self._members if key not in self._read] + self._others
        if unread:
            findings.skipped(len(unread), "array", f"of {self.path.name}", unread[0])

    def images(self) -> NpzRows:
        key = self.first_key(IMAGE_KEYS)
        if key is None:
            keys = ", ".join(sorted(self._members)[:12]) or "nothing"
            why = f"{self.path.name} has no array 'images': it holds {keys}; rename yours to 'images'."
            raise DataError("missing_key", why, "path")
        name = f"'{key}' of {self.path.name}"
        self._images = NpzRows(lambda: self._stream(key), name, self._members[key].file_size)
        return self._images

    def column(self, key: str, n: int | None) -> NDArray[Any]:
        """A whole one-dimensional array, of length `n` if given; text as str."""
        what = f"'{key}' of {self.path.name}"
        size = self._members[key].file_size
        with self._stream(key) as stream:
            header = read_npy_header(stream, what)
            if header.dtype.kind not in "US":
                check_dtype(header.dtype, what)
            if len(header.shape) != 1 or (n is not None and header.shape[0] != n):
                shape = "(K,)" if n is None else f"({n},)"
                why = f"{what} has shape {header.shape}, not {shape}; reshape it, or leave it out."
                raise DataError("bad_shape", why, "path")
            if not 0 <= header.nbytes <= min(size, MAX_COLUMN_BYTES):
                why = f"{what} declares {header.nbytes:,} bytes but holds {size:,}; save it again."
                raise DataError("declared_too_large", why, "path")
            data = self._bytes(stream, header.nbytes, what)
        values = np.frombuffer(data, header.dtype) if header.dtype.itemsize else np.zeros(header.shape, "U1")
        return np.char.decode(values, "utf-8", "replace") if values.dtype.kind == "S" else values

    def _stream(self, key: str) -> BinaryIO:
        try:
            return cast(BinaryIO, self._zip.open(self._members[key]))
        except (*HEADER_ERRORS, zipfile.BadZipFile) as error:
            raise self._damaged(key, error) from error

    def _bytes(self, stream: BinaryIO, nbytes: int, what: str) -> bytes:
        try:
            data = stream.read(nbytes)
        except (*HEADER_ERRORS, zipfile.BadZipFile) as error:
            raise self._damaged(what, error) from error
        if len(data) < nbytes:
            raise self._damaged(what, f"truncated at {len(data):,} bytes")
        return data

    def _damaged(self, what: str, why: object) -> DataError:
        return DataError("damaged", f"{what} in {self.path.name} is damaged ({why}); save it again.", "path")


def _read_columns(file: NpzFile, catalogue: Catalogue, config: ImportConfig) -> None:
    n = len(catalogue)
    labels = file.first_key(LABEL_KEYS)
    if labels is not None:
        _read_labels(file, labels, catalogue, config)
    ids = file.first_key(ID_KEYS)
    if ids is not None:
        catalogue.source_ids = array_ids(
            file.column(ids, n), Column(file.path.name, ids, "id_column", first=0)
        )
    for key in SKY_KEYS:
        if file.first_key((key,)) is not None:
            catalogue.sky[key] = _sky(file, key, n)
    if file.first_key(("split",)) is not None:
        column = Column(file.path.name, "split", "split_column", first=0)
        catalogue.splits = split_codes(_cells(file.column("split", n)), column)


def _read_labels(file: NpzFile, key: str, catalogue: Catalogue, config: ImportConfig) -> None:
    """Names, or numbers: −1 for no label, others index class_names if there are any."""
    values = file.column(key, len(catalogue))
    cells = _cells(values)
    if values.dtype.kind in "iuf":
        cells = ["" if cell in ("-1", "nan") else cell for cell in cells]
    given = given_names(config)
    if (file.first_key(("class_names",)) is None and given is None) or values.dtype.kind not in "iu":
        catalogue.class_names, catalogue.labels = classes_of(cells)
        return
    names = given or _cells(file.column("class_names", None))
    check_class_names(names)
    codes = values.astype(np.int64)
    check_codes(codes, names, f"'{key}' of {file.path.name}")
    catalogue.class_names, catalogue.labels = (names, codes) if (codes >= 0).any() else ([], codes)


def array_ids(values: NDArray[Any], column: Column) -> list[str]:
    """Ids of an array; DataError where they went through floating point and lost digits."""
    exact = 2 ** (np.finfo(values.dtype).nmant + 1) if values.dtype.kind == "f" else None
    return exact_ids(_cells(values), column, exact)


def _sky(file: NpzFile, key: str, n: int) -> Floats:
    values = file.column(key, n)
    if values.dtype.kind not in "iuf":
        raise DataError("bad_dtype", f"'{key}' of {file.path.name} is {values.dtype}; store numbers.", "path")
    column = Column(file.path.name, key, FIELDS[key], first=0)
    with np.errstate(over="ignore", invalid="ignore"):
        return checked_sky(key, values.astype(np.float64), column)


def _cells(values: NDArray[Any]) -> list[str]:
    """Text of each value; whole numbers without a point."""
    if values.dtype.kind == "f":
        return [str(int(value)) if value.is_integer() else str(value) for value in values.tolist()]
    return [str(value).strip() for value in values.tolist()]
