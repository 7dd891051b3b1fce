"""Positions to cut out: a table with RA and Dec, or a plain list without a header."""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO, StringIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from backend.data.importers.catalogue import Catalogue, numbered, unlabelled, with_table
from backend.data.importers.frame_source import TableView
from backend.data.importers.listing import path_opener, table_columns
from backend.data.importers.opening import require_inside
from backend.data.importers.reporting import Findings
from backend.data.importers.tables import FOLDER_TABLES, holds_fits_table, is_table_name
from backend.data.importers.tables.columns import constant_scale
from backend.data.importers.trees import Roots
from backend.data.layout import Floats, Rows
from backend.data.splits import chord_of, unit_vectors
from backend.errors import DataError
from shared.configs import CutoutsConfig
from shared.configs.datasets import NO_COLUMN
from shared.configs.surveys import SURVEYS

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
MAX_LIST_BYTES = 16 * 2**20
NUMBER = r"[+-]?\d+(?:\.\d*)?"
ANGLE = re.compile(rf"{NUMBER}|[+-]?\d{{1,3}}[:hd°]\d{{1,2}}[:m'′](?:\d{{1,2}}(?:\.\d*)?[s\"″]?)?")
PIECES = re.compile(r"\d{1,2} \d{1,2} \d{1,2}(?:\.\d*)? [+-]?\d{1,2} \d{1,2} \d{1,2}(?:\.\d*)?")
Flags = NDArray[np.bool_]
SIGNS = str.maketrans({"−": "-", "–": "-", "﹣": "-"})


@dataclass(frozen=True)
class Positions:
    """Galaxies with RA, Dec (deg) and `pxscale` (arcsec per pixel of the cut-out) in `catalogue.sky`."""

    name: str
    catalogue: Catalogue
    table: TableView

    def __len__(self) -> int:
        return len(self.catalogue)

    def of(self, row: int) -> tuple[float, float, float]:
        """RA, Dec and pixel scale of a row."""
        ra, dec, pxscale = (float(self.catalogue.sky[key][row]) for key in ("ra", "dec", "pxscale"))
        return ra, dec, pxscale


def read_positions(config: CutoutsConfig, roots: Roots, findings: Findings) -> Positions:
    """The galaxies of `config.path`, without rows that have no position or are outside the cone. Raises
    DataError for what is not a table, ForbiddenError outside `roots`; other faults go to `findings`."""
    path = Path(config.path).expanduser()
    _require_table(path, roots)
    opener, name = path_opener(path), path.name
    listed = _as_table(opener, name) if path.suffix.lower() in TEXT_SUFFIXES else None
    if listed is not None:
        text = listed
        opener, name = (lambda: BytesIO(text)), f"{path.stem}.csv"
        findings.assumed(f"{path.name} is read as a list: name if there is one, RA, Dec.", "ra_column")
    # A column of pixel scales describes other images: it is used only by choice.
    chosen = config.model_copy(update={"pxscale": config.pxscale or NO_COLUMN})
    columns, view = table_columns(opener, name, chosen, None, findings)
    rows = len(next(iter(columns.cells.values())))
    base = unlabelled(numbered(path.stem, rows))
    catalogue = with_table(base, columns, findings, config.ra_unit)
    for key in ("ra", "dec"):
        if key not in catalogue.sky and not findings.problems:
            with findings.trying():
                why = f"{name} has no column of {key.upper()}; set {key}_column to one of: "
                raise DataError("no_positions", why + ", ".join(view.columns[:60]) + ".", f"{key}_column")
    if "ra" not in catalogue.sky or "dec" not in catalogue.sky:
        return Positions(name, _rows_of(catalogue, np.array([], np.int64)), view)
    catalogue = _with_scale(catalogue, config, findings)
    return Positions(name, _inside(catalogue, config, name, findings), view)


def _require_table(path: Path, roots: Roots) -> None:
    require_inside(path, roots, "path")
    if not path.is_file():
        raise DataError("no_such_file", f"There is no file {path}; check the path of the table.", "path")
    if not is_table_name(path.name) and not holds_fits_table(path_opener(path), path.name):
        kinds = f"{', '.join(FOLDER_TABLES)} or FITS table"
        why = f"{path.name} is not a table of positions; give a {kinds} with RA and Dec."
        raise DataError("not_a_table", why, "path")


def _with_scale(catalogue: Catalogue, config: CutoutsConfig, findings: Findings) -> Catalogue:
    """The catalogue with the pixel scale of each cut-out: of a column, or one for all."""
    if "pxscale" in catalogue.sky:
        return catalogue
    scale = SURVEYS[config.survey].pxscale
    with findings.trying():
        scale = constant_scale(config) or scale
    if config.fov is not None:
        scale = config.fov / config.img_size
    elif config.pxscale in (None, "", NO_COLUMN):
        findings.assumed(f"Cut-outs have the survey's own scale, {scale:g} arcsec per pixel.", "pxscale")
    return replace(catalogue, sky={**catalogue.sky, "pxscale": np.full(len(catalogue), scale)})


def _inside(catalogue: Catalogue, config: CutoutsConfig, name: str, findings: Findings) -> Catalogue:
    """The rows with position and scale, within the cone if there is one; the others are named."""
    ra, dec, pxscale = (catalogue.sky[key] for key in ("ra", "dec", "pxscale"))
    placed = np.isfinite(ra) & np.isfinite(dec)
    _note_skipped(catalogue, ~placed, f"of {name} without a position", findings)
    scaled = np.isfinite(pxscale)
    _note_skipped(catalogue, placed & ~scaled, f"of {name} without a pixel scale", findings)
    kept = placed & scaled
    if config.circle is not None:
        near = np.zeros(len(ra), np.bool_)
        near[kept] = _in_circle(ra[kept], dec[kept], config.circle)
        _note_skipped(catalogue, kept & ~near, f"of {name} outside the cone", findings)
        kept = near
    return _rows_of(catalogue, np.flatnonzero(kept))


def _in_circle(ra: Floats, dec: Floats, circle: tuple[float, float, float]) -> Flags:
    centre = unit_vectors(np.array([circle[0]]), np.array([circle[1]]))
    apart = np.linalg.norm(unit_vectors(ra, dec) - centre, axis=1)
    return np.asarray(apart <= chord_of(np.array(circle[2] * 3600.0)))


def _note_skipped(catalogue: Catalogue, rows: Flags, why: str, findings: Findings) -> None:
    if rows.any():
        findings.skipped(int(rows.sum()), "row", why, catalogue.source_ids[int(np.argmax(rows))])


def _rows_of(catalogue: Catalogue, rows: Rows) -> Catalogue:
    return replace(
        catalogue,
        source_ids=[catalogue.source_ids[row] for row in rows],
        labels=catalogue.labels[rows],
        sky={key: values[rows] for key, values in catalogue.sky.items()},
        splits=None if catalogue.splits is None else catalogue.splits[rows],
        groups=None if catalogue.groups is None else catalogue.groups[rows],
        targets={name: values[rows] for name, values in catalogue.targets.items()},
    )


def _as_table(opener: Callable[[], BinaryIO], name: str) -> bytes | None:
    """A list of positions as CSV with a header; None if the text begins with anything but a position."""
    with opener() as file:
        data = file.read(MAX_LIST_BYTES + 1)
    try:
        lines = [line.strip() for line in data.decode("utf-8-sig").translate(SIGNS).splitlines()]
    except UnicodeDecodeError:
        return None  # the reader of tables says what is wrong
    numbered_lines = [(n, line) for n, line in enumerate(lines, 1) if line and not line.startswith("#")]
    if not numbered_lines or split_position(numbered_lines[0][1]) is None:
        return None
    if len(data) > MAX_LIST_BYTES:
        why = f"{name} is a list of over {MAX_LIST_BYTES // 2**20} MB; give a table with a header."
        raise DataError("list_too_long", why, "path")
    rows = []
    for n, line in numbered_lines:
        found = split_position(line)
        if found is None:
            why = f"Line {n} of {name}, '{line[:60]}', has no position"
            advice = "write RA and Dec, or a name before them, as NGC 1300, 49.9208, -19.4111"
            raise DataError("no_position", f"{why}; {advice}.", "path")
        rows.append(found)
    named = any(row[0] for row in rows)
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "ra", "dec"] if named else ["ra", "dec"])
    writer.writerows(rows if named else [row[1:] for row in rows])
    return out.getvalue().encode()


def split_position(line: str) -> tuple[str, str, str] | None:
    """Name, RA and Dec of a line, as text: `150.1 2.2`, `NGC 1300, 49.92, -19.41`, `13 29 52.7 +47 11 43`,
    `M 51 13:29:52.7 +47:11:43`; the name may be missing. None if it has no position, or two."""
    mark = next((mark for mark in ",;\t|" if mark in line), None)
    if mark is not None:
        cells = [cell.strip() for cell in line.split(mark)]
        if len(cells) not in (2, 3) or not all(_is_angle(cell) for cell in cells[-2:]):
            return None
        return cells[0] if len(cells) == 3 else "", cells[-2], cells[-1]
    words = line.split()
    pieces = " ".join(words[-6:])
    if len(words) >= 6 and PIECES.fullmatch(pieces):
        before = words[:-6]
        if any(ANGLE.fullmatch(word) for word in before[-1:]) and pieces.split()[3][0] not in "+-":
            return None  # seven numbers: which of them is the name
        return " ".join(before), " ".join(words[-6:-3]), " ".join(words[-3:])
    if len(words) < 2 or not all(ANGLE.fullmatch(word) for word in words[-2:]):
        return None
    numbers = [word for word in words if ANGLE.fullmatch(word)]
    exact = all(re.search(r"[.:hd°]", word) for word in words[-2:])
    if len(numbers) > 2 and not exact:
        return None
    return " ".join(words[:-2]), words[-2], words[-1]


def _is_angle(cell: str) -> bool:
    parts = r"[+-]?\d{1,3} \d{1,2} \d{1,2}(?:\.\d*)?"
    return bool(ANGLE.fullmatch(cell) or re.fullmatch(parts, cell))
