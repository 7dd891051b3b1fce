"""A table with one row per image, whatever its format: columns of text, read twice rather than kept."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Protocol

from backend.errors import DataError

MAX_ROWS = 500_000
EXACT_DOUBLE = 2**53
EXACT_FLOAT = 2**24
"""Above it float64 holds only some of the whole numbers; float32 above 2^24."""
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")

Opener = Callable[[], BinaryIO]
Record = tuple[str, ...]


@dataclass(frozen=True)
class Unread:
    """A part of a table that is not read, in the words of a receipt: `3 columns … of lists, first 'flux'`."""

    count: int
    noun: str
    why: str
    first: str


class Table(Protocol):
    """`name` for messages; the `columns` that have a name; their `units`, as written, where there are any;
    `exact`: the largest whole number that is exact, for columns stored as floating point; `unread`, complete
    once all rows are read."""

    name: str
    columns: list[str]
    units: dict[str, str]
    exact: dict[str, int]
    unread: list[Unread]

    def records(self, columns: Sequence[str]) -> Iterator[Record]:
        """The cells of these columns, a row at a time, as stripped text, empty if missing."""
        ...


def read_columns(table: Table, columns: Sequence[str]) -> dict[str, list[str]]:
    """Whole columns by name; DataError for a table without rows, or with too many."""
    records = list(islice(table.records(columns), MAX_ROWS + 1))
    if len(records) > MAX_ROWS:
        raise too_long(table.name, None)
    if not records:
        raise table_error("empty_csv", f"{table.name} has no rows; give it one row per image")
    return {column: list(cells) for column, cells in zip(columns, zip(*records, strict=True), strict=True)}


def first_rows(table: Table, n: int) -> list[dict[str, str]]:
    """Up to `n` rows, cells by column."""
    records = islice(table.records(table.columns), n)
    return [dict(zip(table.columns, record, strict=True)) for record in records]


def cell_text(value: object) -> str:
    """A typed value as the cell of a CSV would say it: whole numbers without a point, empty if missing."""
    if value is None or value != value:  # NaN is the one value that differs from itself
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) <= EXACT_DOUBLE:
        return str(int(value))
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    return str(value).strip(" \t\r\n\0")


def too_long(name: str, rows: int | None) -> DataError:
    """More than MAX_ROWS rows; `rows` if they are known."""
    size = f"more than {MAX_ROWS:,} rows" if rows is None else f"{rows:,} rows, more than {MAX_ROWS:,}"
    return table_error("table_too_long", f"{name} has {size}; split it")


def table_error(code: str, sentence: str) -> DataError:
    return DataError(code, f"{sentence}.", "labels")
