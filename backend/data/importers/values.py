"""Cells of a table, or arrays, to numbers, splits and groups; errors name value, row and column.

Angles are parsed by a pattern: astropy takes a millisecond for each, and a table may have a million.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.data.importers.names import SPLIT_NAMES, listed
from backend.data.layout import Floats, Rows
from backend.errors import DataError
from shared.base.vocabulary import SPLIT_CODES, Split

BLANKS = frozenset({"", "nan", "null", "none", "n/a", "na", "--", "masked"})
_SEXAGESIMAL = re.compile(
    r"^([+-]?)(\d{1,3})(?:([:hd°])\s*|\s+)(\d{1,2})(?:(?:[:m'′]\s*|\s+)(\d{1,2}(?:\.\d*)?)?[s\"″]?)?$"
)
DEGREES = ("d", "°")
RANGES = {"ra": (0.0, 360.0), "dec": (-90.0, 90.0)}
UNITS = {
    "ra": "right ascensions are 0 to 360 degrees, or hours as 12:34:56.7",
    "dec": "declinations are −90 to 90 degrees",
}
FIELDS = {"ra": "ra_column", "dec": "dec_column", "redshift": "redshift_column", "pxscale": "pxscale"}


@dataclass(frozen=True)
class Column:
    """Where values come from, for messages; `first` is the number of the first row."""

    table: str
    name: str
    field: str
    first: int = 1

    def error(self, code: str, row: int, value: object, why: str) -> DataError:
        where = f"'{value}' in row {row + self.first}, column '{self.name}' of {self.table}"
        return DataError(code, f"{where}, {why}.", self.field)


def sky_values(key: str, cells: Sequence[str], column: Column) -> Floats:
    """(n,) numbers of one of SKY_KEYS, NaN for blank cells; right ascension in hours becomes degrees."""
    values = np.array([_number(key, cell, row, column) for row, cell in enumerate(cells)], np.float64)
    return checked_sky(key, values, column, cells)


def checked_sky(key: str, values: Floats, column: Column, cells: Sequence[object] | None = None) -> Floats:
    """The values, once they are known to be possible: right ascension within 0 to 360, declination within
    ±90, pixel scales above 0. Redshifts of −1 and below mark missing values and become NaN."""
    known = ~np.isnan(values)
    if key in RANGES:
        low, high = RANGES[key]
        wrong = known & ~((values >= low) & (values <= high))
        advice = UNITS[key]
    elif key == "pxscale":
        wrong = known & ~((values > 0) & np.isfinite(values))
        advice = "pixel scales are arcsec per pixel, above 0"
    else:
        wrong = known & ~np.isfinite(values)
        advice = "redshifts are numbers"
        values = np.where(values <= -1, np.nan, values)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        shown = f"{values[row]:g}" if cells is None else cells[row]
        why = f"is out of range: {advice}; correct it or leave it blank"
        raise column.error(f"{key}_out_of_range", row, shown, why)
    return values


def is_in_hours(cells: Sequence[str]) -> bool:
    """Whether the first right ascension present is read as hours with minutes."""
    first = next((cell for cell in cells if cell.lower() not in BLANKS), "")
    found = _SEXAGESIMAL.match(first)
    return found is not None and found[3] not in DEGREES


def _number(key: str, cell: str, row: int, column: Column) -> float:
    if cell.lower() in BLANKS:
        return math.nan
    try:
        return float(cell)
    except ValueError:
        pass
    value = _from_sexagesimal(key, cell) if key in RANGES else None
    if value is None:
        why = f"is not a number; correct it, leave it blank, or set {column.field} to '-'"
        raise column.error("bad_number", row, cell[:60], why)
    return value


def _from_sexagesimal(key: str, cell: str) -> float | None:
    """Degrees; right ascension is in hours unless it is marked as degrees, declination never is."""
    found = _SEXAGESIMAL.match(cell)
    if found is None:
        return None
    sign, whole, mark, minutes, seconds = found.groups()
    if int(minutes) >= 60 or float(seconds or 0) >= 60 or (key == "dec" and mark == "h"):
        return None
    value = int(whole) + int(minutes) / 60 + float(seconds or 0) / 3600
    if key == "ra" and mark not in DEGREES:
        value *= 15
    return -value if sign == "-" else value


def split_codes(cells: Sequence[str], column: Column) -> NDArray[np.uint8]:
    """(n,) codes of SPLIT_CODES; DataError if a name is not a split, or train or val has no rows."""
    unknown = sorted({cell for cell in cells if cell.lower() not in SPLIT_NAMES})
    if unknown:
        why = f"Column '{column.name}' of {column.table} holds {listed(unknown)}, not a split"
        advice = f"use train, val and test, or set {column.field} to '-' for a new split"
        raise DataError("unknown_split", f"{why}; {advice}.", column.field)
    names = [SPLIT_NAMES[cell.lower()] for cell in cells]
    for split in (Split.TRAIN, Split.VAL):
        if split not in names:
            counts = ", ".join(f"{names.count(name):,} {name}" for name in Split)
            why = f"'{column.name}' of {column.table} has no {split} rows ({counts})"
            advice = f"give some to {split}, or set {column.field} to '-' for a new split"
            raise DataError("empty_split", f"{why}; {advice}.", column.field)
    return np.array([SPLIT_CODES[Split(name)] for name in names], np.uint8)


def group_codes(cells: Sequence[str]) -> Rows:
    """(n,) one number for each different cell, −1 for a blank one."""
    numbers: dict[str, int] = {}
    return np.array(
        [-1 if cell.lower() in BLANKS else numbers.setdefault(cell, len(numbers)) for cell in cells], np.int64
    )
