"""The columns of a source, one value per galaxy: from a table, folder names or arrays."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from backend.data.importers.names import counted
from backend.data.importers.reporting import Findings
from backend.data.importers.tables.columns import constant_scale
from backend.data.importers.tables.table import EXACT_FLOAT, NUMBER, cell_text
from backend.data.importers.values import (
    BLANKS,
    FIELDS,
    HOURS,
    Column,
    exact_ids,
    group_codes,
    is_in_hours,
    shortest_floats,
    sky_values,
    split_codes,
    target_values,
)  # fmt: skip
from backend.data.layout import MAX_CLASS_NAME, MAX_CLASSES, Floats, GalaxyBlock, Pixels, Rows
from backend.data.splits import count_divided
from backend.errors import DataError
from shared.base.vocabulary import SPLIT_CODES
from shared.configs import ImportConfig


@dataclass
class Catalogue:
    """Labels (n,) with −1 for none, sky columns by SKY_KEYS, split codes and group numbers (−1 for none) if
    the source has them; targets (n,) by name, NaN for missing, and their units."""

    source_ids: list[str]
    labels: Rows
    class_names: list[str] = field(default_factory=list)
    sky: dict[str, Floats] = field(default_factory=dict)
    splits: NDArray[np.uint8] | None = None
    groups: Rows | None = None
    targets: dict[str, Floats] = field(default_factory=dict)
    target_units: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.source_ids)

    def block(self, rows: Rows, images: Pixels, scale: Floats) -> GalaxyBlock:
        """The galaxies `rows` with their pixels, each pixel `scale` (n,) times as wide as in the source."""
        sky = {key: values[rows] for key, values in self.sky.items()}
        if "pxscale" in sky:
            sky["pxscale"] = sky["pxscale"] * scale
        return GalaxyBlock(
            images=images,
            labels=self.labels[rows],
            source_ids=[self.source_ids[row] for row in rows],
            sky=sky,
            splits=None if self.splits is None else self.splits[rows],
            groups=None if self.groups is None else self.groups[rows],
            targets={name: values[rows] for name, values in self.targets.items()},
        )

    def class_counts(self) -> dict[str, int]:
        counts = np.bincount(self.labels[self.labels >= 0], minlength=len(self.class_names))
        return {name: int(count) for name, count in zip(self.class_names, counts, strict=True)}

    def split_counts(self) -> dict[str, int]:
        """Empty if the source has no split."""
        if self.splits is None:
            return {}
        return {split.value: int((self.splits == code).sum()) for split, code in SPLIT_CODES.items()}


@dataclass(frozen=True)
class TableColumns:
    """The columns of a table that have a role or are targets, and their cells. `units` are as written;
    `exact` is the largest exact whole number of columns stored as floating point."""

    table: str
    roles: dict[str, str | None]
    cells: dict[str, list[str]]
    units: dict[str, str] = field(default_factory=dict)
    exact: dict[str, int] = field(default_factory=dict)
    targets: Sequence[str] = ()

    def part(self, rows: Sequence[int]) -> "TableColumns":
        """These rows."""
        return replace(self, cells={key: [cells[row] for row in rows] for key, cells in self.cells.items()})

    def ids(self, field_name: str) -> list[str] | None:
        """Cells of a column of ids, as in `exact_ids`."""
        cells = self.of(field_name)
        if cells is None:
            return None
        return exact_ids(cells, self.column(field_name), self.exact.get(self.roles[field_name] or ""))

    def of(self, field_name: str) -> list[str] | None:
        """Cells of the column with this role."""
        column = self.roles.get(field_name)
        return None if column is None else self.cells[column]

    def column(self, field_name: str) -> Column:
        return Column(self.table, self.roles[field_name] or "", field_name)


def unlabelled(source_ids: list[str]) -> Catalogue:
    """A catalogue of ids only."""
    return Catalogue(source_ids, np.full(len(source_ids), -1, np.int64))


def numbered(stem: str, n: int) -> list[str]:
    """Ids for `n` galaxies of a file: `stem:007`."""
    width = len(str(n - 1))
    return [f"{stem}:{row:0{width}d}" for row in range(n)]


def with_table(base: Catalogue, columns: TableColumns, findings: Findings, ra_unit: str) -> Catalogue:
    """`base` with the columns of a table of the same rows; unless it is auto, `ra_unit` (deg, hour)
    overrules that of the table."""
    catalogue = replace(base, sky=dict(base.sky), targets={}, target_units={})
    with findings.trying():
        ids = columns.ids("id_column")
        if ids is not None:
            catalogue.source_ids = [own or given for own, given in zip(ids, base.source_ids, strict=True)]
    labels = columns.of("label_column")
    if labels is not None:
        with findings.trying():
            if columns.exact.get(columns.roles["label_column"] or "") == EXACT_FLOAT:
                labels = shortest_floats(labels)
            catalogue.class_names, catalogue.labels = classes_of(labels)
    for key, field_name in FIELDS.items():
        if columns.of(field_name) is not None:
            with findings.trying():
                catalogue.sky[key] = _sky(key, columns, findings, ra_unit)
    with findings.trying():
        groups = columns.ids("group_column")
        catalogue.groups = None if groups is None else group_codes(groups)
    splits = columns.of("split_column")
    if splits is not None:
        with findings.trying():
            catalogue.splits = split_codes(splits, columns.column("split_column"))
    for name in columns.targets:
        with findings.trying():
            values = target_values(columns.cells[name], Column(columns.table, name, "targets"))
            catalogue.targets[name] = values
            catalogue.target_units[name] = columns.units.get(name, "")
            _note_missing(columns.cells[name], values, name, findings)
    _note(catalogue, columns, findings)
    return catalogue


def _sky(key: str, columns: TableColumns, findings: Findings, ra_unit: str) -> Floats:
    """Values of one of SKY_KEYS; the receipt says what is missing, and the unit of right ascension."""
    field_name = FIELDS[key]
    column, cells = columns.column(field_name), columns.of(field_name) or []
    own = columns.units.get(column.name, "")
    unit = ra_unit if key == "ra" and ra_unit != "auto" else own
    values = sky_values(key, cells, column, unit)
    _note_missing(cells, values, column.name, findings)
    if key == "ra":
        _note_ra(cells, values, unit, "ra_unit" if unit != own else f"the unit of '{column.name}'", findings)
    elif unit and key != "redshift":
        findings.read(f"Column '{column.name}' has the unit {unit}.")
    return values


def _note_ra(cells: Sequence[str], values: Floats, unit: str, source: str, findings: Findings) -> None:
    top = float(np.nanmax(values, initial=-1))
    if unit:
        findings.read(f"RA is in {'hours' if unit.lower().strip() in HOURS else unit}, by {source}.")
    elif is_in_hours(cells):
        findings.assumed("RA is read as hours, minutes and seconds.", "ra_unit")
    elif 12 < top <= 24:
        findings.assumed(f"RA is read as degrees, though none is above {top:.4g}: hours?", "ra_unit")


def _note_missing(cells: Sequence[str], values: Floats, name: str, findings: Findings) -> None:
    """Put into the receipt which cells with something in them mark missing values."""
    rows = [row for row in np.flatnonzero(np.isnan(values)).tolist() if cells[row].lower() not in BLANKS]
    if rows:
        why = f"of column '{name}' that mark{'s' if len(rows) == 1 else ''} a missing one"
        findings.skipped(len(rows), "value", why, cells[rows[0]])


def with_constant_scale(catalogue: Catalogue, config: ImportConfig, findings: Findings) -> Catalogue:
    """The catalogue with one pixel scale for all, if `pxscale` is a number."""
    with findings.trying():
        scale = constant_scale(config)
        if scale is not None and "pxscale" not in catalogue.sky:
            sky = {**catalogue.sky, "pxscale": np.full(len(catalogue), scale)}
            return replace(catalogue, sky=sky)
    return catalogue


def classes_of(cells: Sequence[str]) -> tuple[list[str], Rows]:
    """Class names, in numeric order if all are numbers, else alphabetical, and (n,) codes, −1 for blank cells
    (a cell −1 may be a class: it is a Hubble type); DataError as in check_class_names. Numbers and truth
    values have the same names from every format: 1, not 1.0; True, not true."""
    cells = _one_spelling([unicodedata.normalize("NFC", cell) for cell in cells])
    known = {cell for cell in cells if cell.lower() not in BLANKS}
    names = sorted(known, key=Decimal) if all(map(NUMBER.fullmatch, known)) else sorted(known)
    check_class_names(names)
    code = {name: index for index, name in enumerate(names)}
    return names, np.array([code.get(cell, -1) for cell in cells], np.int64)


def _one_spelling(cells: Sequence[str]) -> Sequence[str]:
    known = {cell for cell in cells if cell.lower() not in BLANKS}
    if known and all(cell.lower() in ("true", "false") for cell in known):
        return [cell.capitalize() for cell in cells]
    if all(map(NUMBER.fullmatch, known)) and not all(re.fullmatch(r"-?\d+", cell) for cell in known):
        spelt = {cell: cell if cell.lstrip("-").isdigit() else cell_text(float(cell)) for cell in known}
        return [spelt.get(cell, "") for cell in cells]
    return cells


def check_codes(codes: Rows, class_names: Sequence[str], what: str) -> None:
    """DataError if a code (n,) is neither −1 nor an index of `class_names`; `what` names the values."""
    outside = np.flatnonzero((codes < -1) | (codes >= len(class_names)))
    if len(outside):
        row = int(outside[0])
        why = f"{what} holds {codes[row]} in row {row}, outside 0 to {len(class_names) - 1}"
        advice = "correct it, set −1 for no label, or name your classes in class_names"
        raise DataError("bad_label", f"{why}; {advice}.", "path")


def check_class_names(names: list[str]) -> None:
    """DataError if they are too many or too long to be classes."""
    if len(names) > MAX_CLASSES:
        why = f"The labels have {len(names):,} different values, first '{names[0][:60]}', over {MAX_CLASSES}"
        advice = "choose another label_column, or '-' for none"
        raise DataError("too_many_classes", f"{why}; {advice}.", "label_column")
    long = next((name for name in names if len(name) > MAX_CLASS_NAME), None)
    if long is not None:
        why = f"The class '{long[:40]}…' has {len(long)} characters, over {MAX_CLASS_NAME}"
        raise DataError("class_name_too_long", f"{why}; set label_column to '-'.", "label_column")


def _note(catalogue: Catalogue, columns: TableColumns, findings: Findings) -> None:
    if columns.roles.get("label_column") is None and not catalogue.class_names:
        text = f"No column of {columns.table} is known to hold classes: the galaxies stay unlabelled."
        findings.assumed(text, "label_column")
    repeated = len(catalogue) - len(set(catalogue.source_ids))
    if repeated:
        text = f"Ids repeat in {counted(repeated, 'row')}; rows of one id belong to one group."
        findings.assumed(text, "id_column")
    if catalogue.splits is not None:
        findings.assumed(f"The split is taken from column '{columns.roles['split_column']}'.", "split_column")
        divided = count_divided(catalogue.source_ids, catalogue.groups, catalogue.splits)
        if divided:
            text = f"That split divides {counted(divided, 'group')} of one id or group."
            findings.assumed(text, "split_column")
    elif catalogue.groups is not None:
        text = f"Rows of one '{columns.roles['group_column']}' stay in one split."
        findings.assumed(text, "group_column")
