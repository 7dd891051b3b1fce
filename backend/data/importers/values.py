"""Cells of a table, or arrays, to numbers, splits and groups; errors name value, row and column.

Angles are parsed by a pattern: astropy takes a millisecond for each, and a table may have a million.
"""

import math
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.data.importers.names import SPLIT_NAMES, listed
from backend.data.importers.tables.table import EXACT_DOUBLE, NUMBER
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
    "ra": "right ascensions are 0 to 360 degrees, or hours as 12:34:56.7 (or set ra_unit)",
    "dec": "declinations are −90 to 90 degrees",
}
NINES = frozenset((99.0, 99.9, 99.99, 99.999, 999.0, 999.9, 999.99, 9999.0, 99999.0, 999999.0))
HUGE = 1e19
"""Catalogues mark a missing number by nines of either sign, or by one this large or larger."""
HOURS = frozenset(("h", "hr", "hour", "hours", "hourangle", "hour angle", "h:m:s", "hms", "hh:mm:ss"))
DEGREE_UNITS = frozenset(("", "deg", "degree", "degrees", "degs", "°", "d", "d:m:s", "dms", "dd:mm:ss"))
ARCSEC_UNITS = frozenset(("", "arcsec", "arcsecond", "arcseconds", "asec", '"'))
NO_UNITS = frozenset(("", "---", "-", "1", "none", "unitless", "dimensionless", "z", "redshift"))
_WHOLE = re.compile(r"([+-]?\d+)\.0*")
_ROUNDED = re.compile(r"[+-]?\d+\.?(\d*)[eE]\+?(\d{1,2})")
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


def sky_values(key: str, cells: Sequence[str], column: Column, unit: str = "") -> Floats:
    """(n,) numbers of one of SKY_KEYS, NaN for blank cells and for marks of missing values. Right ascension
    and declination in degrees and pixel scales in arcsec, from `unit`; right ascension without one is in
    degrees, or hours if sexagesimal. DataError for a unit of something else."""
    factor, hours = _conversion(key, unit, column)
    values = [_number(key, cell, row, column, factor, hours) for row, cell in enumerate(cells)]
    return checked_sky(key, np.array(values, np.float64), column, cells)


def checked_sky(key: str, values: Floats, column: Column, cells: Sequence[object] | None = None) -> Floats:
    """The values, once they are known to be possible: right ascension within 0 to 360, declination within
    ±90, pixel scales above 0. Impossible values that mark missing ones (−999, 99, 1e20; redshifts of −1 and
    below) become NaN."""
    with np.errstate(invalid="ignore"):
        if key in RANGES:
            low, high = RANGES[key]
            possible = (values >= low) & (values <= high)
            advice = UNITS[key]
        elif key == "pxscale":
            possible = (values > 0) & (values < HUGE)
            advice = "pixel scales are arcsec per pixel, above 0"
        else:
            possible = (values > -1) & (values < 99)
            advice = "redshifts are numbers"
    raw = values if cells is None else _raw(values, cells)
    marked = ~possible & marks_missing(raw)
    if key == "redshift":
        marked |= values <= -1
        possible |= np.isfinite(values)
    wrong = ~np.isnan(values) & ~possible & ~marked
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        shown = f"{values[row]:g}" if cells is None else cells[row]
        why = f"is out of range: {advice}; correct it or leave it blank"
        raise column.error(f"{key}_out_of_range", row, shown, why)
    return np.where(marked, np.nan, values)


def marks_missing(values: Floats) -> NDArray[np.bool_]:
    """(n,) whether a value is one that catalogues write for a missing number."""
    size = np.abs(values)
    return np.isin(size, list(NINES)) | ((size >= HUGE) & np.isfinite(values))


def target_values(cells: Sequence[str], column: Column) -> Floats:
    """(n,) numbers of a target in its own unit, NaN where missing: blank, or nines (−999, 99) more than twice
    as far from 0 as all other values. DataError for text, or if fewer than two values differ."""
    lower = [cell.lower() for cell in cells]
    values = np.full(len(cells), math.nan)
    for row, cell in enumerate(cells):
        if lower[row] in BLANKS:
            continue
        if not NUMBER.fullmatch(cell):
            why = f"is not a number; choose numeric columns for {column.field}, or leave it blank"
            raise column.error("bad_target", row, cell[:60], why)
        values[row] = float(cell)
    marked = marks_missing(values)
    others = np.abs(values[~marked & np.isfinite(values)])
    values[marked & (np.abs(values) > 2 * others.max(initial=0.0))] = math.nan
    values[~np.isfinite(values)] = math.nan
    known = values[np.isfinite(values)]
    if not len(known) or known.min() == known.max():
        said = f"is {known[0]:g} in every row that has a value" if len(known) else "has no value in any row"
        why = f"Target '{column.name}' of {column.table} {said}, so there is nothing to predict"
        raise DataError("constant_target", f"{why}; remove it from {column.field}.", column.field)
    return values


def exact_ids(cells: Sequence[str], column: Column, exact: int | None) -> list[str]:
    """The cells, whole numbers without a point. DataError for one that went through floating point and lost
    digits: numbers from 2^53 on, written with a point or an exponent, or `exact` and more in a column stored
    as floating point."""
    for row, cell in enumerate(cells):
        if _lost_digits(cell, exact):
            other = "-" if column.field.endswith("_column") else ""
            why = "went through floating point and its last digits are gone: rows would share it by mistake; "
            why += f"export the column as int64 or text, or set {column.field} to '{other}'"
            raise column.error("id_digits_lost", row, cell[:60], why)
    return whole_numbers(cells)


def whole_numbers(cells: Sequence[str]) -> list[str]:
    """The cells without `.0`, if every one that is not blank is a whole number with a point."""
    found = [_WHOLE.fullmatch(cell) for cell in cells]
    if not all(match or cell.lower() in BLANKS for match, cell in zip(found, cells, strict=True)):
        return list(cells)
    return [match[1] if match else cell for match, cell in zip(found, cells, strict=True)]


def shortest_floats(cells: Sequence[str]) -> list[str]:
    """Numbers of 32-bit floats as short as tells them apart: `0.1` for 0.10000000149011612."""
    return whole_numbers([str(np.float32(cell)) if NUMBER.fullmatch(cell) else cell for cell in cells])


def _lost_digits(cell: str, exact: int | None) -> bool:
    if not NUMBER.fullmatch(cell):
        return False
    rounded = _ROUNDED.fullmatch(cell)
    if rounded is not None and len(rounded[1]) < int(rounded[2]):
        return True
    if exact is None:
        return ("." in cell or rounded is not None) and abs(float(cell)) >= EXACT_DOUBLE
    return abs(float(cell)) >= exact


def _raw(values: Floats, cells: Sequence[object]) -> Floats:
    """The numbers as written, before their unit was converted; NaN for text."""
    raw = values.copy()
    for row in np.flatnonzero(~np.isnan(values)).tolist():
        cell = str(cells[row])
        raw[row] = float(cell) if NUMBER.fullmatch(cell) else math.nan
    return raw


def degrees_of(key: str, unit: str, column: Column) -> float:
    """One `unit` of a numeric ra or dec in degrees; DataError if it is not an angle."""
    return _conversion(key, unit, column)[0]


def _conversion(key: str, unit: str, column: Column) -> tuple[float, bool | None]:
    """The factor to the unit of the store, and whether sexagesimal values are hours (None: unless marked)."""
    word = unit.strip().strip("[]()'").strip().lower()
    if key == "ra" and word in HOURS:
        return 15.0, True
    if key in RANGES and word in DEGREE_UNITS:
        return 1.0, None if not word else False
    per_pixel = re.sub(r"\s*(/|per)\s*pi?x(el)?s?$|\s*pi?x(el)?s?(-1|\^-1|\*\*-1)$", "", word)
    if (key == "pxscale" and per_pixel in ARCSEC_UNITS) or (key == "redshift" and word in NO_UNITS):
        return 1.0, None
    factor = None if key == "redshift" else _angle_in(per_pixel, "arcsec" if key == "pxscale" else "deg")
    if factor is None:
        wanted = "a redshift" if key == "redshift" else "an angle"
        why = f"Column '{column.name}' of {column.table} has the unit '{unit[:40]}', which is not {wanted}"
        advice = f"choose another column, or set {column.field} to '-'"
        raise DataError("bad_unit", f"{why}; {advice}.", column.field)
    return factor, False


def _angle_in(unit: str, target: str) -> float | None:
    """One `unit` in `target`, None if it is not an angle."""
    from astropy import units

    try:
        return float(units.Unit(unit).to(target))
    except (ValueError, TypeError, units.UnitsError):
        return None


def is_in_hours(cells: Sequence[str]) -> bool:
    """Whether any right ascension is read as hours with minutes."""
    found = map(_SEXAGESIMAL.match, cells)
    return any(one is not None and one[3] not in DEGREES for one in found)


def _number(key: str, cell: str, row: int, column: Column, factor: float, hours: bool | None) -> float:
    if cell.lower() in BLANKS:
        return math.nan
    with suppress(ValueError):
        if "_" not in cell:  # of Python alone
            return float(cell) * factor
    value = _from_sexagesimal(key, cell, hours) if key in RANGES else None
    if value is None:
        why = f"is not a number; correct it, leave it blank, or set {column.field} to '-'"
        raise column.error("bad_number", row, cell[:60], why)
    return value


def _from_sexagesimal(key: str, cell: str, hours: bool | None) -> float | None:
    """Degrees; right ascension is in hours unless it is marked as degrees or has no mark and `hours` is
    False; declination never is."""
    found = _SEXAGESIMAL.match(cell)
    if found is None:
        return None
    sign, whole, mark, minutes, seconds = found.groups()
    if int(minutes) >= 60 or float(seconds or 0) >= 60 or (key == "dec" and mark == "h"):
        return None
    value = int(whole) + int(minutes) / 60 + float(seconds or 0) / 3600
    if key == "ra" and mark not in DEGREES and (mark == "h" or hours is not False):
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
