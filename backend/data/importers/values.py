"""Cells of a table, or arrays, to numbers, splits and groups; errors name value, row and column."""

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
    """Where values stand, for messages; `first` is the number of the first row there."""

    table: str
    name: str
    field: str
    first: int = 1

    def error(self, code: str, row: int, value: object, why: str) -> DataError:
        return DataError(
            code,
            f"'{value}' in row {row + self.first}, column '{self.name}' of {self.table}, {why}.",
            self.field,
        )


def sky_values(key: str, cells: Sequence[str], column: Column) -> Floats:
    """(n,) numbers of one of SKY_KEYS, NaN for blank cells; right ascension in hours becomes degrees."""
    values = np.array([_number(key, cell, row, column) for row, cell in enumerate(cells)], np.float64)
    return checked_sky(key, values, column, cells)


def checked_sky(key: str, values: Floats, column: Column, cells: Sequence[object] | None = None) -> Floats:
    """The same values, once they are known to be possible: right ascension within 0 to 360, declination
    within ±90, pixel scales above 0. Redshifts of −1 and below, which mark a missing one, become NaN."""
    known = ~np.isnan(values)
    if key in RANGES:
        low, high = RANGES[key]
        wrong = known & ~((values >= low) & (values <= high))
        advice = UNITS[key]
    elif key == "pxscale":
        wrong = known & ~((values > 0) & np.isfinite(values))
        advice = "pixel scales are arcseconds a pixel, above 0"
    else:
        wrong = known & ~np.isfinite(values)
        advice = "redshifts are numbers"
        values = np.where(values <= -1, np.nan, values)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        shown = f"{values[row]:g}" if cells is None else cells[row]
        raise column.error(
            f"{key}_out_of_range", row, shown, f"is out of range: {advice}; correct it or leave it blank"
        )
    return values


def is_in_hours(cells: Sequence[str]) -> bool:
    """Whether the first right ascension that is there is read as hours with minutes."""
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
        raise column.error(
            "bad_number",
            row,
            cell[:60],
            f"is no number; correct it, leave it blank, or set {column.field} to '-'",
        )
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
    """(n,) codes of SPLIT_CODES; DataError lists names that mean no split, and says where
    train or val has no row."""
    unknown = sorted({cell for cell in cells if cell.lower() not in SPLIT_NAMES})
    if unknown:
        raise DataError(
            "unknown_split",
            f"Column '{column.name}' of {column.table} holds {listed(unknown)}, which is no split; use "
            f"train, val and test, or set {column.field} to '-' for a new split.",
            column.field,
        )
    codes = np.array([SPLIT_CODES[Split(SPLIT_NAMES[cell.lower()])] for cell in cells], np.uint8)
    require_train_and_val(codes, column)
    return codes


def require_train_and_val(codes: NDArray[np.uint8], column: Column) -> None:
    """DataError where no row is for training, or none to choose settings by."""
    counts = {split: int((codes == code).sum()) for split, code in SPLIT_CODES.items()}
    for split in (Split.TRAIN, Split.VAL):
        if counts[split] == 0:
            raise DataError(
                "empty_split",
                f"'{column.name}' of {column.table} has no {split} rows ({counts[Split.TRAIN]:,} train, "
                f"{counts[Split.VAL]:,} val, {counts[Split.TEST]:,} test); give some to {split}, or set "
                f"{column.field} to '-' for a new split.",
                column.field,
            )


def group_codes(cells: Sequence[str]) -> Rows:
    """(n,) one number for each different cell, −1 for a blank one."""
    numbers: dict[str, int] = {}
    return np.array(
        [-1 if cell.lower() in BLANKS else numbers.setdefault(cell, len(numbers)) for cell in cells], np.int64
    )
