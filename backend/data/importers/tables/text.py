"""CSV and its relatives, with the lines that archives put around them: comments, units, dashes.

Read by the standard library and not by pyarrow.csv: see docs/adr/0017-libraries-under-our-own-code.md.
"""

import csv
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import TextIOWrapper
from itertools import islice

from backend.data.importers.names import COLUMN_NAMES, ID_COLUMNS, IMAGE_COLUMNS, LABEL_COLUMNS, is_image
from backend.data.importers.tables.table import Opener, Record, Unread, table_error

DELIMITERS = ",;\t|"
MAX_LINE = 2**20
"""Characters; a file without line ends would be in memory whole."""
HEAD_ROWS = 4
"""A header, units, dashes, and a row."""
KNOWN_COLUMNS = frozenset(
    (
        *IMAGE_COLUMNS,
        *LABEL_COLUMNS,
        *ID_COLUMNS,
        *(name for names in COLUMN_NAMES.values() for name in names),
    )
)
UNIT_WORDS = frozenset(
    (
        *("deg", "degree", "degrees", "rad", "arcsec", "arcmin", "mas", "hourangle", "h:m:s", "d:m:s"),
        *(
            "mag",
            "jy",
            "mjy",
            "ujy",
            "nanomaggy",
            "nmgy",
            "km/s",
            "km s-1",
            "pix",
            "pixel",
            "kpc",
            "mpc",
            "pc",
        ),
        *(
            "yr",
            "s",
            "h",
            "d",
            "nm",
            "um",
            "angstrom",
            "msun",
            "solmass",
            "arcsec/pix",
            "arcsec/pixel",
            "---",
        ),
    )
)
_DASHES = re.compile(r"-+|=+")


@dataclass
class _Head:
    """The lines of a table before its rows: `skip` of them, counted without blank and comment lines."""

    header: list[str]
    delimiter: str | None
    units: list[str] = field(default_factory=list)
    skip: int = 1


class TextTable:
    """A table of text, its delimiter detected from the header; runs of spaces if there is no other.

    Lines before the header that start with # are comments, unless the last of them is the header itself
    (TOPCAT's ASCII); so are lines among the rows that start with # and have not as many cells as a row. A
    line of units may follow the header, and a line of dashes (VizieR)."""

    def __init__(self, opener: Opener, name: str) -> None:
        self.name, self._open = name, opener
        self.exact: dict[str, int] = {}
        self.unread: list[Unread] = []
        with self._lines() as lines:
            self._head = _head(lines)
        header = self._head.header
        self.columns = list(dict.fromkeys(cell for cell in header if cell))
        pairs = zip(header, self._head.units, strict=False)
        self.units = {column: unit for column, unit in pairs if column and unit.strip("-")}
        self._check_header()

    def records(self, columns: Sequence[str]) -> Iterator[Record]:
        header, delimiter = self._head.header, self._head.delimiter
        places = [header.index(column) for column in columns]
        width = len(header)
        comments: list[str] = []
        for row, record in enumerate(islice(self._rows(comments), self._head.skip, None), 1):
            fewer = delimiter is None and len(record) < width
            if fewer or (len(record) > width and any(cell.strip() for cell in record[width:])):
                why = f"row {row} of {self.name} has {len(record)} cells but the header has {width}"
                advice = 'write a blank cell as ""' if fewer else "quote cells that hold the delimiter"
                raise table_error("bad_csv", f"{why}; {advice}")
            if _is_dashes(record) and len(record) == width > 1:
                why = f"row {row} of {self.name} is a line of dashes, as above a second table"
                raise table_error("several_tables", f"{why}; save each table as a file of its own")
            yield tuple(record[place].strip() if place < len(record) else "" for place in places)
        if comments:
            self.unread = [Unread(len(comments), "comment line", f"of {self.name}", comments[0])]

    def _rows(self, comments: list[str]) -> Iterator[list[str]]:
        """Cells of each line that is not a comment; `comments` collects those among the rows."""
        width, delimiter = len(self._head.header), self._head.delimiter
        with self._lines() as lines:

            def kept() -> Iterator[str]:
                begun = False
                for line in (line for line in lines if line.strip(" \r\n")):
                    if line.startswith("#") and (not begun or len(_split(line, delimiter)) != width):
                        if begun and line.strip("#\r\n ") not in ("", "END"):
                            comments.append(line.strip())
                        continue
                    begun = True
                    yield line

            if delimiter is None:
                yield from (_split(line, None) for line in kept())
            else:
                yield from filter(None, csv.reader(kept(), delimiter=delimiter))

    @contextmanager
    def _lines(self) -> Iterator[Iterator[str]]:
        """Lines of UTF-8 text; faults of the file become DataErrors."""
        with TextIOWrapper(self._open(), encoding="utf-8-sig", newline="") as text:
            try:
                yield iter(lambda: self._checked(text.readline(MAX_LINE)), "")
            except UnicodeDecodeError as error:
                raise table_error(
                    "bad_csv", f"{self.name} is not UTF-8 ({error}); save it as UTF-8"
                ) from error
            except csv.Error as error:
                sentence = f"{self.name} is not a valid CSV ({error}); save it again"
                raise table_error("bad_csv", sentence) from error
            except (OSError, EOFError, zlib.error) as error:
                raise table_error(
                    "damaged", f"{self.name} cannot be read ({error}); download it again"
                ) from error

    def _checked(self, line: str) -> str:
        if len(line) == MAX_LINE and not line.endswith(("\r", "\n")):
            why = f"{self.name} has a line over {MAX_LINE:,} characters; save it as a CSV"
            raise table_error("bad_csv", why)
        return line

    def _check_header(self) -> None:
        if not self.columns:
            why = f"{self.name} has no rows; give it a header and one row per image"
            raise table_error("empty_csv", why)
        image = next((cell for cell in self.columns if is_image(cell)), None)
        if image is not None:
            why = f"{self.name} has no header, its first line holds '{image[-60:]}'"
            advice = "name the columns in the first line, for example file,label"
            raise table_error("no_header", f"{why}; {advice}")
        if len(self.columns) == 1 and self.columns[0].lower() not in IMAGE_COLUMNS:
            why = f"{self.name} has a single column, '{self.columns[0][:60]}'"
            raise table_error("one_column", f"{why}; separate columns by comma, semicolon, tab, | or spaces")


def _head(lines: Iterable[str]) -> _Head:
    """The header and what follows it, from the first lines."""
    comment = ""
    rows: list[str] = []
    for line in lines:
        if line.startswith("#") and not rows:
            comment = line.strip().lstrip("#").strip() or comment
        elif line.strip() and not line.startswith("#"):
            rows.append(line.strip(" \r\n"))
            if len(rows) == HEAD_ROWS:
                break
    first = rows[0] if rows else ""
    if comment and (not rows or _is_header(comment, first)):
        mark = _delimiter(comment)
        return _Head(_cleaned(_split(comment, mark)), mark, skip=0)
    mark = _delimiter(first)
    head = _Head(_cleaned(_split(first, mark)), mark)
    below = [_split(line, mark) for line in rows[1:3]]
    dashes = next((place for place, cells in enumerate(below) if _is_dashes(cells)), None)
    if dashes is not None:
        head.units = _cleaned(below[0]) if dashes == 1 else []
        head.skip = dashes + 2
    elif below and _is_units(below[0]):
        head.units, head.skip = _cleaned(below[0]), 2
    return head


def _is_header(comment: str, first: str) -> bool:
    """Whether a comment names the columns of the line below it, which does not itself look like a header."""
    mark = _delimiter(comment)
    names, cells = _cleaned(_split(comment, mark)), _cleaned(_split(first, mark))
    if len(names) == 1:
        return len(cells) == 1 and names[0].lower() in IMAGE_COLUMNS
    return len(names) == len(cells) and not {cell.lower() for cell in cells} & KNOWN_COLUMNS


def _is_dashes(cells: Sequence[str]) -> bool:
    """Whether all cells are lines (---), and there is one of at least two dashes."""
    words = [cell.strip() for cell in cells]
    return all(_DASHES.fullmatch(word) for word in words if word) and any(len(word) > 1 for word in words)


def _is_units(cells: Sequence[str]) -> bool:
    words = [cell.strip().strip("()[]").lower() for cell in cells]
    return any(words) and all(word in UNIT_WORDS for word in words if word)


def _cleaned(cells: Sequence[str]) -> list[str]:
    return [cell.strip() for cell in cells]


def _split(line: str, delimiter: str | None) -> list[str]:
    """The cells of one line; cells between spaces may be quoted."""
    if delimiter is None:
        return next(csv.reader([" ".join(line.split())], delimiter=" "), [])
    return next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter), [])


def _delimiter(header: str) -> str | None:
    """What separates most cells of the header; None for runs of spaces."""
    counts = {mark: len(next(csv.reader([header], delimiter=mark), [])) for mark in DELIMITERS}
    best = max(DELIMITERS, key=lambda mark: counts[mark])
    if counts[best] > 1:
        return best
    return None if len(header.split()) > 1 else ","
