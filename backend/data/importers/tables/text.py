"""A table with one row per image: CSV with any common delimiter, or Parquet; read twice rather than kept.

CSV is read by the standard library and not by pyarrow.csv: see docs/adr/0017-libraries-under-our-own-code.md.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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
        """The cells of these columns, a row at a time, as stripped text, empty if missing."""
        ...


def open_table(opener: Opener, name: str) -> Table:
    """The table `name`; `opener` opens it from its beginning each time. DataError if it is not a table."""
    return ParquetTable(opener, name) if name.lower().endswith(".parquet") else CsvTable(opener, name)


def read_columns(table: Table, columns: Sequence[str]) -> dict[str, list[str]]:
    """Whole columns by name; DataError for a table without rows, or with too many."""
    records = list(islice(table.records(columns), MAX_ROWS + 1))
    if len(records) > MAX_ROWS:
        raise _error("table_too_long", f"{table.name} has more than {MAX_ROWS:,} rows; split it")
    if not records:
        raise _error("empty_csv", f"{table.name} has no rows; give it one row per image")
    return {column: list(cells) for column, cells in zip(columns, zip(*records, strict=True), strict=True)}


def first_rows(table: Table, n: int) -> list[dict[str, str]]:
    """Up to `n` rows, cells by column."""
    records = islice(table.records(table.columns), n)
    return [dict(zip(table.columns, record, strict=True)) for record in records]


class CsvTable:
    """A CSV, its delimiter detected from the header; runs of spaces if there is no other."""

    def __init__(self, opener: Opener, name: str) -> None:
        self.name, self._open = name, opener
        with self._lines() as lines:
            first = next((line for line in lines if line.strip()), "")
            self._delimiter = _delimiter(first.lstrip("#").strip())
        self._header = [cell.strip() for cell in next(self._cells(), [])]
        if self._header:
            self._header[0] = self._header[0].lstrip("#").strip()
        self.columns = list(dict.fromkeys(cell for cell in self._header if cell))
        self._check_header()

    def records(self, columns: Sequence[str]) -> Iterator[Record]:
        places = [self._header.index(column) for column in columns]
        width = len(self._header)
        for row, record in enumerate(islice(self._cells(), 1, None), 1):
            if len(record) > width and any(cell.strip() for cell in record[width:]):
                why = f"row {row} of {self.name} has {len(record)} cells but the header has {width}"
                raise _error("bad_csv", f"{why}; quote cells that hold the delimiter")
            yield tuple(record[place].strip() if place < len(record) else "" for place in places)

    def _cells(self) -> Iterator[list[str]]:
        with self._lines() as lines:
            if self._delimiter is None:
                yield from filter(None, (line.split() for line in lines))
            else:
                yield from filter(None, csv.reader(lines, delimiter=self._delimiter))

    @contextmanager
    def _lines(self) -> Iterator[Iterator[str]]:
        """Lines of UTF-8 text; faults of the file become DataErrors."""
        with TextIOWrapper(self._open(), encoding="utf-8-sig", newline="") as text:
            try:
                yield iter(lambda: self._checked(text.readline(MAX_LINE)), "")
            except UnicodeDecodeError as error:
                raise _error("bad_csv", f"{self.name} is not UTF-8 ({error}); save it as UTF-8") from error
            except csv.Error as error:
                raise _error("bad_csv", f"{self.name} is not a valid CSV ({error}); save it again") from error

    def _checked(self, line: str) -> str:
        if len(line) == MAX_LINE and not line.endswith(("\r", "\n")):
            raise _error("bad_csv", f"{self.name} has a line over {MAX_LINE:,} characters; save it as a CSV")
        return line

    def _check_header(self) -> None:
        if not self.columns:
            raise _error("empty_csv", f"{self.name} has no rows; give it a header and one row per image")
        image = next((cell for cell in self.columns if is_image(cell)), None)
        if image is not None:
            why = f"{self.name} has no header, its first line holds '{image[-60:]}'"
            raise _error("no_header", f"{why}; name the columns in the first line, for example file,label")
        if len(self.columns) == 1 and self.columns[0].lower() not in IMAGE_COLUMNS:
            why = f"{self.name} has a single column, '{self.columns[0][:60]}'"
            raise _error("one_column", f"{why}; separate columns by comma, semicolon, tab, | or spaces")


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
        self.name, self._open = name, opener
        with self._reading() as file:
            rows = file.metadata.num_rows
            names = (field.name for field in file.schema_arrow if field.type.num_fields == 0)
            self.columns = list(dict.fromkeys(names))
        if rows > MAX_ROWS:
            raise _error("table_too_long", f"{name} has {rows:,} rows, more than {MAX_ROWS:,}; split it")
        if not self.columns:
            raise _error("bad_parquet", f"{name} has no plain columns; store numbers and text, not lists")

    def records(self, columns: Sequence[str]) -> Iterator[Record]:
        with self._reading() as file:
            for batch in file.iter_batches(BATCH_ROWS, columns=list(columns), use_threads=False):
                cells = [[_text(cell) for cell in batch.column(name).to_pylist()] for name in columns]
                yield from zip(*cells, strict=True)

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        """The open file; faults become DataErrors. pyarrow is imported on first use."""
        import pyarrow
        from pyarrow import parquet

        with self._open() as stream:
            try:
                yield parquet.ParquetFile(stream, pre_buffer=False)
            except (
                pyarrow.ArrowException,
                OSError,
                ValueError,
                OverflowError,
                KeyError,
                MemoryError,
            ) as error:
                why = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
                sentence = f"{self.name} is not a valid Parquet file ({why}); write it again"
                raise _error("bad_parquet", sentence) from error


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
