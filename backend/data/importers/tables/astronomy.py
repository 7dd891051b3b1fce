"""The tables of astronomy, read by astropy: FITS, VOTable, ECSV, IPAC. astropy is imported on first use."""

import gzip
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any, BinaryIO
from xml.parsers import expat

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
MAX_HEADER_BYTES = 400 * 2880
"""Of the first two HDUs, to tell a table from an image."""
PIECE_ROWS = 8192
SUBSET = (
    "select its rows and columns (in TOPCAT, for example), or save it as Parquet, which is read in pieces"
)


class _WholeTable(ABC):
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
                if _is_nested(values):
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

    @abstractmethod
    def _load(self, stream: BinaryIO) -> Iterable[tuple[str, Any, str]]:
        """Name, values and unit of each column."""

    @contextmanager
    def _reading(self) -> Iterator[BinaryIO]:
        """The open file; what astropy raises becomes a DataError, what it warns of is not repeated."""
        try:
            with self._open() as stream, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield stream
        except faults() as error:
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
            head = BytesIO(stream.read(MAX_HEADER_BYTES))
            for _ in range(2):
                header = fits.Header.fromfile(head)
                if header.get("NAXIS", 0):
                    kind = header.get("XTENSION", "IMAGE")
                    return kind in ("BINTABLE", "TABLE") and not header.get("ZIMAGE", False)
        return False

    def _load(self, stream: BinaryIO) -> Iterable[tuple[str, Any, str]]:
        from astropy.io import fits

        if isinstance(stream, gzip.GzipFile):
            stream = BytesIO(_read_within(stream, self.name, MAX_FITS_BYTES))
        with fits.open(stream, memmap=False, lazy_load_hdus=True, logical_as_bytes=True) as hdus:
            found = self._table(hdus)
            data = found.data
            for column in found.columns:
                values = _fits_values(data, column, isinstance(found, fits.TableHDU))
                yield column.name, values, str(column.unit or "")

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
        table = self._parse(_read_within(stream, self.name, MAX_TEXT_BYTES))
        if len(table) > MAX_ROWS:
            raise too_long(self.name, len(table))
        return ((name, table[name], str(table[name].unit or "")) for name in table.colnames)

    @abstractmethod
    def _parse(self, data: bytes) -> Any:
        """An astropy table of plain columns."""


class VoTable(_TextTable):
    """The first table of a VOTable."""

    def _parse(self, data: bytes) -> Any:
        from astropy.io import votable

        _refuse_links(data, self.name)
        parsed = votable.parse(BytesIO(data), verify="ignore")
        tables = [table for table in parsed.iter_tables() if not table.is_empty()]
        if not tables:
            infos = [*parsed.infos, *(info for resource in parsed.resources for info in resource.infos)]
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


class AsciiTable(_TextTable):
    """Text in a format that `astropy.io.ascii` names: ipac, mrt, cds, sextractor."""

    def __init__(self, opener: Opener, name: str, kind: str) -> None:
        self._kind = kind
        super().__init__(opener, name)

    def _parse(self, data: bytes) -> Any:
        from astropy.table import Table

        return Table.read(data.decode(), format=f"ascii.{self._kind}")


def faults() -> tuple[type[Exception], ...]:
    """What astropy raises on damaged files; for an except clause, so that astropy is imported only then."""
    from astropy.io.fits import VerifyError
    from astropy.table.meta import YamlParseError
    from yaml import YAMLError

    return (*READ_ERRORS, expat.ExpatError, VerifyError, YamlParseError, YAMLError)


def _is_nested(values: Any) -> bool:
    """Whether a column has several values a row, or a number of them that varies."""
    if getattr(values, "ndim", 0) != 1 or getattr(values, "dtype", None) is None:
        return True
    several = (np.ndarray, list, tuple, dict)
    return values.dtype.kind == "O" and any(isinstance(value, several) for value in np.ma.getdata(values))


def _refuse_links(data: bytes, name: str) -> None:
    """DataError if a VOTable keeps its rows in another file or address, which astropy would open, or declares
    entities."""
    parser = expat.ParserCreate()

    def refuse(what: str) -> None:
        sentence = f"{name} {what}; save the table again with its rows in it"
        raise table_error("linked_table", sentence)

    def element(tag: str, attributes: dict[str, str]) -> None:
        if tag.rpartition(":")[2].upper() == "STREAM" and any(key.lower() == "href" for key in attributes):
            refuse("has its rows in another file")

    parser.StartElementHandler = element
    parser.EntityDeclHandler = lambda *_: refuse("declares XML entities")
    parser.Parse(data, True)


def _read_within(stream: BinaryIO, name: str, limit: int) -> bytes:
    """All of a stream; DataError, which names the size, if that is over `limit`."""
    data = stream.read(limit + 1)
    if len(data) > limit:
        packed = isinstance(stream, gzip.GzipFile)  # its end is known only once all of it is unpacked
        _refuse_size(name, len(data) if packed else stream.seek(0, 2), limit)
    return data


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


def _fits_values(data: Any, column: Any, is_text: bool) -> NDArray[Any]:
    """The values of a column, masked where TNULL says so (or a number in a table of text is blank), or where
    a truth value is neither T nor F."""
    values = np.asarray(data[column.name])
    if is_text and values.dtype.kind in "iuf":
        written = np.char.strip(np.asarray(data.view(np.ndarray)[column.name]))
        null = str(column.null or "").strip().encode()
        return np.ma.MaskedArray(values, (written == null) | (written == b""))
    if str(column.format).endswith("L") and values.ndim == 1 and values.dtype.kind != "O":
        codes = values.view(np.uint8) if values.dtype.kind in "SV" else values.astype(np.uint8)
        return np.ma.MaskedArray(codes == ord("T"), (codes != ord("T")) & (codes != ord("F")))
    stored = np.asarray(data.view(np.ndarray)[column.name])  # TNULL is a stored value, before TZERO and TSCAL
    if column.null not in (None, "") and stored.dtype.kind in "iu":
        return np.ma.MaskedArray(values, stored == int(column.null))
    return values


def _cells(values: Any) -> list[str]:
    """Text of each value, empty where masked; bytes are decoded."""
    plain = np.ma.getdata(values)
    array = np.asarray(plain)
    mask = np.ma.getmaskarray(values) if hasattr(values, "mask") else np.zeros(len(array), np.bool_)
    text = [cell_text(value) for value in array.tolist()]
    return ["" if hidden else cell for cell, hidden in zip(text, np.asarray(mask).tolist(), strict=True)]
