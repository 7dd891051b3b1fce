"""The tables of astronomy, read by astropy: FITS, VOTable, ECSV, IPAC. astropy is imported on first use."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from backend.data.frames.limits import READ_ERRORS
from backend.data.importers.tables.table import (
    EXACT_DOUBLE,
    MAX_ROWS,
    Opener,
    Record,
    Unread,
    cell_text,
    table_error,
    too_long,
)  # fmt: skip

MAX_FITS_BYTES = 2**30
"""Of a table that is in memory whole; text takes about ten times its size."""
MAX_TEXT_BYTES = 2**28
MAX_HDUS = 50
PIECE_ROWS = 8192
SUBSET = (
    "select its rows and columns (in TOPCAT, for example), or save it as Parquet, which is read in pieces"
)


class _WholeTable:
    """A table that astropy holds in memory: columns of one value a row; others are `unread`."""

    def __init__(self, opener: Opener, name: str) -> None:
        self.name, self._open = name, opener
        self.unread: list[Unread] = []
        with self._reading() as stream:
            self._columns: dict[str, Any] = {}
            self.units: dict[str, str] = {}
            self.exact: dict[str, int] = {}
            nested: list[str] = []
            for column, values, unit in self._load(stream):
                if getattr(values, "ndim", 0) != 1 or getattr(values, "dtype", None) is None:
                    nested.append(column)
                    continue
                self._columns[column] = values
                if unit:
                    self.units[column] = unit
                if values.dtype.kind == "f":
                    self.exact[column] = min(EXACT_DOUBLE, 2 ** (np.finfo(values.dtype).nmant + 1))
        if nested:
            self.unread.append(
                Unread(len(nested), "column", f"of {name} with several values a row", nested[0])
            )
        self.columns = list(self._columns)
        if not self.columns:
            raise table_error("bad_table", f"{name} has no plain columns; store one value a row, not lists")

    def records(self, columns: Sequence[str]) -> Iterator[Record]:
        rows = len(next(iter(self._columns.values())))
        for start in range(0, rows, PIECE_ROWS):
            cells = [_cells(self._columns[name][start : start + PIECE_ROWS]) for name in columns]
            yield from zip(*cells, strict=True)

    def _load(self, stream: BinaryIO) -> Iterable[tuple[str, Any, str]]:
        """Name, values and unit of each column."""
        raise NotImplementedError

    @contextmanager
    def _reading(self) -> Iterator[BinaryIO]:
        """The open file; what astropy raises becomes a DataError, what it warns of is not repeated."""
        try:
            with self._open() as stream, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield stream
        except READ_ERRORS as error:
            why = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
            sentence = f"{self.name} is not a readable table ({why}); download it or write it again"
            raise table_error("bad_table", sentence) from error


class FitsTable(_WholeTable):
    """The first table of a FITS file; its size is checked before a row is read."""

    @staticmethod
    def comes_first(stream: BinaryIO) -> bool:
        """Whether the first HDU with axes is a table of rows (a compressed image is none); reads headers."""
        from astropy.io import fits

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(2):
                header = fits.Header.fromfile(stream)
                if header.get("NAXIS", 0):
                    kind = header.get("XTENSION", "IMAGE")
                    return kind in ("BINTABLE", "TABLE") and not header.get("ZIMAGE", False)
        return False

    def _load(self, stream: BinaryIO) -> Iterable[tuple[str, Any, str]]:
        from astropy.io import fits

        with fits.open(stream, memmap=False, lazy_load_hdus=True, logical_as_bytes=True) as hdus:
            found = self._table(hdus)
            data = found.data
            for column in found.columns:
                yield column.name, _fits_values(data[column.name], column), str(column.unit or "")

    def _table(self, hdus: Any) -> Any:
        """The first table; further ones are noted. DataError if there is none, or it is too large."""
        from astropy.io import fits

        found, others = None, []
        for index in range(MAX_HDUS):
            try:
                hdu = hdus[index]
            except IndexError:
                break
            if isinstance(hdu, fits.BinTableHDU | fits.TableHDU) and not isinstance(hdu, fits.CompImageHDU):
                others.append(hdu.name or f"HDU {index}")
                if found is None:
                    found = hdu
                    self._check_size(hdu)
        if found is None:
            why = f"{self.name} has no table but images; give a table with a row an image"
            raise table_error("no_table_hdu", why)
        if len(others) > 1:
            self.unread.append(Unread(len(others) - 1, "table", f"further on in {self.name}", others[1]))
        return found

    def _check_size(self, hdu: Any) -> None:
        rows, width = int(hdu.header["NAXIS2"]), int(hdu.header["NAXIS1"])
        size = rows * width + int(hdu.header.get("PCOUNT", 0))
        _refuse_size(self.name, size, MAX_FITS_BYTES)
        if rows > MAX_ROWS:
            raise too_long(self.name, rows)
        if size and hdu._file is not None and hdu._data_offset + rows * width > (present := _end(hdu._file)):
            short = max(present - hdu._data_offset, 0)
            why = f"{self.name} declares {rows:,} rows of {width:,} bytes but holds {short:,} bytes of them"
            raise table_error("truncated", f"{why}; download it again")


class _TextTable(_WholeTable):
    """A table that astropy parses from a text of limited size."""

    def _load(self, stream: BinaryIO) -> Iterable[tuple[str, Any, str]]:
        data = stream.read(MAX_TEXT_BYTES + 1)
        if len(data) > MAX_TEXT_BYTES:
            _refuse_size(self.name, stream.seek(0, 2), MAX_TEXT_BYTES)
        table = self._parse(data)
        if len(table) > MAX_ROWS:
            raise too_long(self.name, len(table))
        return ((name, table[name], str(table[name].unit or "")) for name in table.colnames)

    def _parse(self, data: bytes) -> Any:
        """An astropy table of plain columns."""
        raise NotImplementedError


class VoTable(_TextTable):
    """The first table of a VOTable."""

    def _parse(self, data: bytes) -> Any:
        from astropy.io import votable

        parsed = votable.parse(BytesIO(data), verify="ignore")
        tables = [table for table in parsed.iter_tables() if not table.is_empty()]
        if not tables:
            infos = [info for resource in parsed.resources for info in resource.infos]
            said = [text for info in infos if (text := str(info.content or info.value or "").strip())]
            why = f"{self.name} holds no table" + (f" but the message '{said[0][:120]}'" if said else "")
            raise table_error("no_rows", f"{why}; repeat the query and download it again")
        if len(tables) > 1:
            first = tables[1].name or tables[1].ID or "table 2"
            self.unread.append(Unread(len(tables) - 1, "table", f"further on in {self.name}", first))
        return tables[0].to_table(use_names_over_ids=True)


class EcsvTable(_TextTable):
    """ECSV; sky positions, times and the like appear as their plain columns (`coord.ra`)."""

    def _parse(self, data: bytes) -> Any:
        from astropy.table import Table
        from astropy.table.serialize import represent_mixins_as_columns

        return represent_mixins_as_columns(Table.read(data.decode(), format="ascii.ecsv"))


class IpacTable(_TextTable):
    """The pipe tables of IPAC's archives."""

    def _parse(self, data: bytes) -> Any:
        from astropy.table import Table

        return Table.read(data.decode(), format="ascii.ipac")


def _refuse_size(name: str, size: int, limit: int) -> None:
    if size > limit:
        why = f"{name} is a table of {size / 1e9:,.1f} GB, over {limit / 1e9:,.1f} GB"
        raise table_error("table_too_large", f"{why}; {SUBSET}")


def _end(file: Any) -> int:
    """The size of what astropy has open, decompressed."""
    place = file.tell()
    file.seek(0, 2)
    size = int(file.tell())
    file.seek(place)
    return size


def _fits_values(values: NDArray[Any], column: Any) -> NDArray[Any]:
    """The values of a column, masked where TNULL says so, or where a truth value is neither T nor F."""
    if column.format.format == "L" if hasattr(column.format, "format") else column.format.endswith("L"):
        marks = np.asarray(values)
        codes = marks.view(np.uint8) if marks.dtype.kind in "SV" else marks.astype(np.uint8)
        return np.ma.MaskedArray(codes == ord("T"), (codes != ord("T")) & (codes != ord("F")))
    if column.null not in (None, "") and values.dtype.kind in "iu":
        return np.ma.MaskedArray(values, np.asarray(values) == int(column.null))
    return np.asarray(values)


def _cells(values: Any) -> list[str]:
    """Text of each value, empty where masked; bytes are decoded."""
    plain = np.ma.getdata(values)
    array = np.asarray(plain)
    mask = np.ma.getmaskarray(values) if hasattr(values, "mask") else np.zeros(len(array), np.bool_)
    text = [cell_text(value) for value in array.tolist()]
    return ["" if hidden else cell for cell, hidden in zip(text, np.asarray(mask).tolist(), strict=True)]
