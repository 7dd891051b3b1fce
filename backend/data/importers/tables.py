"""A table with a row an image: CSV with any common delimiter, or Parquet; read twice rather than kept."""

import csv
from collections.abc import Callable, Iterator, Sequence
from io import TextIOWrapper
from itertools import islice
from typing import Any, BinaryIO, Protocol

from backend.data.importers.names import IMAGE_COLUMNS, is_image
from backend.errors import DataError

TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")
DELIMITERS = ",;\t|"
MAX_ROWS = 500_000
MAX_LINE = 2**20
"""Characters; a file without line ends would be in memory whole."""
BATCH_ROWS = 8192

Opener = Callable[[], BinaryIO]
Record = tuple[str, ...]


class Table(Protocol):
    """`name` for messages; the `columns` that have a name."""

    name: str
    columns: list[str]

    def records(self, columns: Sequence[str]) -> Iterator[Record]:
        """The cells of these columns, a row at a time, as stripped text, empty where there is none."""
        ...


def open_table(opener: Opener, name: str) -> Table:
    """The table `name`, which `opener` opens from its beginning each time; DataError where it is none."""
    return ParquetTable(opener, name) if name.lower().endswith(".parquet") else CsvTable(opener, name)


def read_columns(table: Table, columns: Sequence[str]) -> dict[str, list[str]]:
    """Whole columns by name; DataError for a table without rows, or with too many."""
    found: dict[str, list[str]] = {column: [] for column in columns}
    n = 0
    for n, record in enumerate(table.records(columns), 1):
        for column, cell in zip(columns, record, strict=True):
            found[column].append(cell)
        if n > MAX_ROWS:
            raise _error("table_too_long", f"{table.name} has more than {MAX_ROWS:,} rows; split it")
    if n == 0:
        raise _error("empty_csv", f"{table.name} has no rows; it needs one row an image")
    return found


def first_rows(table: Table, n: int) -> list[dict[str, str]]:
    """Up to `n` rows, cells by column."""
    return [
        dict(zip(table.columns, record, strict=True)) for record in islice(table.records(table.columns), n)
    ]


class CsvTable:
    """A CSV, its delimiter seen from the header; spaces count where there is nothing else."""

    def __init__(self, opener: Opener, name: str) -> None:
        self.name = name
        self._open = opener
        try:
            self._delimiter = _delimiter(self._first_line().lstrip("#").strip())
        except csv.Error as error:
            raise _error("bad_csv", f"{name} is not a readable CSV ({error}); save it again") from error
        self._header = [cell.strip() for cell in next(self._cells(), [])]
        if self._header:
            self._header[0] = self._header[0].lstrip("#").strip()
        self.columns = list(dict.fromkeys(cell for cell in self._header if cell))
        self._check_header()

    def records(self, columns: Sequence[str]) -> Iterator[Record]:
        places = [self._header.index(column) for column in columns]
        width = len(self._header)
        cells = self._cells()
        next(cells, None)
        for row, record in enumerate(cells, 1):
            if len(record) > width and any(cell.strip() for cell in record[width:]):
                raise _error(
                    "bad_csv",
                    f"Row {row} of {self.name} has {len(record)} cells but the header has {width}; quote "
                    "cells that hold the delimiter",
                )
            yield tuple(record[place].strip() if place < len(record) else "" for place in places)

    def _first_line(self) -> str:
        lines = self._text_lines()
        try:
            return next((line for line in lines if line.strip()), "")
        finally:
            lines.close()

    def _cells(self) -> Iterator[list[str]]:
        lines = self._text_lines()
        try:
            if self._delimiter is None:
                yield from filter(None, (line.split() for line in lines))
            else:
                yield from filter(None, csv.reader(lines, delimiter=self._delimiter))
        except csv.Error as error:
            raise _error("bad_csv", f"{self.name} is not a readable CSV ({error}); save it again") from error
        finally:
            lines.close()

    def _text_lines(self) -> "Lines":
        return Lines(self._open(), self.name)

    def _check_header(self) -> None:
        if not self.columns:
            raise _error("empty_csv", f"{self.name} has no rows; it needs a header and one row an image")
        image = next((cell for cell in self.columns if is_image(cell)), None)
        if image is not None:
            raise _error(
                "no_header",
                f"{self.name} has no header, its first line holds '{image[-60:]}'; name the columns in a "
                "first line, for example file,label",
            )
        if len(self.columns) == 1 and self.columns[0].lower() not in IMAGE_COLUMNS:
            raise _error(
                "one_column",
                f"{self.name} has a single column, '{self.columns[0][:60]}'; separate its columns by comma, "
                "semicolon, tab, | or spaces",
            )


class Lines:
    """Lines of UTF-8 text; DataError where they are none."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._text = TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        self._name = name

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        try:
            line = self._text.readline(MAX_LINE)
        except UnicodeDecodeError as error:
            raise _error("bad_csv", f"{self._name} is not UTF-8 text ({error}); save it as UTF-8") from error
        if len(line) == MAX_LINE and not line.endswith(("\r", "\n")):
            raise _error("bad_csv", f"{self._name} has a line over {MAX_LINE:,} characters; save it as a CSV")
        if not line:
            raise StopIteration
        return line

    def close(self) -> None:
        self._text.close()


def _delimiter(header: str) -> str | None:
    """What separates most cells of the header; None for runs of spaces."""
    counts = {mark: len(next(csv.reader([header], delimiter=mark), [])) for mark in DELIMITERS}
    best = max(DELIMITERS, key=lambda mark: counts[mark])
    if counts[best] > 1:
        return best
    return None if len(header.split()) > 1 else ","


class ParquetTable:
    """A Parquet file, read in batches; nested columns are left out."""

    def __init__(self, opener: Opener, name: str) -> None:
        self.name = name
        self._open = opener
        with self._reading() as file:
            rows = file.metadata.num_rows
            self.columns = list(
                dict.fromkeys(field.name for field in file.schema_arrow if field.type.num_fields == 0)
            )
        if rows > MAX_ROWS:
            raise _error("table_too_long", f"{name} has {rows:,} rows, more than {MAX_ROWS:,}; split it")
        if not self.columns:
            raise _error("bad_parquet", f"{name} has no plain columns; store numbers and text, not lists")

    def records(self, columns: Sequence[str]) -> Iterator[Record]:
        with self._reading() as file:
            for batch in file.iter_batches(BATCH_ROWS, columns=list(columns), use_threads=False):
                cells = [[_text(cell) for cell in batch.column(name).to_pylist()] for name in columns]
                yield from zip(*cells, strict=True)

    def _reading(self) -> "ParquetReading":
        return ParquetReading(self._open(), self.name)


class ParquetReading:
    """An open Parquet file, whose errors are DataErrors; pyarrow is imported only here."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._name = name

    def __enter__(self) -> Any:
        import pyarrow
        from pyarrow import parquet

        self._errors = (pyarrow.ArrowException, OSError, ValueError, OverflowError, KeyError, MemoryError)
        try:
            return parquet.ParquetFile(self._stream, pre_buffer=False)
        except self._errors as error:
            self._stream.close()
            raise self._refusal(error) from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._stream.close()
        if isinstance(error, self._errors):
            raise self._refusal(error) from error

    def _refusal(self, error: BaseException) -> DataError:
        why = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        return _error("bad_parquet", f"{self._name} is no readable Parquet file ({why}); write it again")


def _text(value: object) -> str:
    if value is None or value != value:  # NaN is the one value that differs from itself
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, bytes):
        return value.decode(errors="replace").strip()
    return str(value).strip()


def _error(code: str, sentence: str) -> DataError:
    return DataError(code, sentence + ".", "labels")
