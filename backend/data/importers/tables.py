"""A CSV with a row an image: which column is what, and where each file lies."""

import csv
import math
from dataclasses import dataclass, field
from pathlib import Path

from backend.data.layout import SKY_KEYS
from backend.errors import DataError
from shared.configs import ImportConfig

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp")
IMAGE_COLUMNS = (
    "file",
    "image",
    "path",
    "filename",
    "file_name",
    "image_path",
    "filepath",
    "img",
    "image_id",
)
LABEL_COLUMNS = ("label", "class", "ans", "target", "category", "type", "morphology", "class_name")


@dataclass
class ImageList:
    """Image files in order, with their class (None: unlabelled), source id and sky columns."""

    kind: str
    paths: list[Path] = field(default_factory=list)
    labels: list[str | None] = field(default_factory=list)
    source_ids: list[str] = field(default_factory=list)
    sky: dict[str, list[float]] = field(default_factory=dict)

    def class_names(self) -> list[str]:
        """Classes in numeric order if all are whole numbers, else alphabetical."""
        names = {label for label in self.labels if label is not None}
        if all(name.lstrip("-").isdecimal() for name in names):
            return sorted(names, key=int)
        return sorted(names)


def read_table(table: Path, folder: Path, config: ImportConfig) -> ImageList:
    """The rows of a CSV; DataError names a missing column (and lists those there are) or missing files."""
    header, rows = _read_rows(table)
    image_column = _pick(config.image_column, "image_column", IMAGE_COLUMNS, header, table)
    label_column = _pick(config.label_column, "label_column", LABEL_COLUMNS, header, table)
    found = ImageList("folder_csv")
    missing: list[str] = []
    roots = list(dict.fromkeys((table.parent.resolve(), folder.resolve())))
    for row in rows:
        value = (row.get(image_column) or "").strip()
        path = _locate(value, roots)
        if path is None:
            missing.append(value)
            continue
        found.paths.append(path)
        found.source_ids.append(value)
        found.labels.append((row.get(label_column) or "").strip() or None)
    _refuse_missing(missing, len(rows), table, image_column)
    by_lower = {name.lower(): name for name in header}
    for key in SKY_KEYS:
        if key in by_lower:
            found.sky[key] = [_number(row.get(by_lower[key])) for row in rows]
    return found


def _read_rows(table: Path) -> tuple[list[str], list[dict[str, str]]]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            first = file.readline()
            file.seek(0)
            delimiter = max(",;\t", key=first.count)
            reader = csv.DictReader(file, delimiter=delimiter)
            rows = list(reader)
            header = [name for name in reader.fieldnames or [] if name]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            "bad_csv", f"{table.name} is not a readable CSV ({error}); save it as UTF-8 CSV.", "labels"
        ) from error
    if not rows:
        raise DataError("empty_csv", f"{table.name} has no rows; it needs one row an image.", "labels")
    return header, rows


def _pick(
    wanted: str | None, field_name: str, guesses: tuple[str, ...], header: list[str], table: Path
) -> str:
    if wanted is None:
        by_lower = {name.lower(): name for name in reversed(header)}
        guess = next((by_lower[name] for name in guesses if name in by_lower), None)
        if guess is not None:
            return guess
        what = f"{table.name} has no column with a name like {', '.join(guesses[:3])}; set {field_name}"
    elif wanted in header:
        return wanted
    else:
        what = f"{table.name} has no column '{wanted}'; set {field_name}"
    raise DataError("unknown_column", f"{what} to one of: {', '.join(header)}.", field_name)


def _locate(value: str, roots: list[Path]) -> Path | None:
    """The image a cell names, beside the CSV or in the folder, never outside; a suffix may be left out."""
    if not value or "\0" in value:
        return None
    for root in roots:
        for candidate in (value, *(value + suffix for suffix in IMAGE_SUFFIXES)):
            path = (root / candidate).resolve()
            if path.is_file() and any(path.is_relative_to(allowed) for allowed in roots):
                return path
    return None


def _refuse_missing(missing: list[str], n: int, table: Path, column: str) -> None:
    if missing:
        raise DataError(
            "missing_files",
            f"{len(missing):,} of {n:,} files named in column '{column}' of {table.name} are not there, "
            f"first '{missing[0]}'; paths are taken from the CSV's folder or the image folder.",
            "labels",
        )


def _number(value: str | None) -> float:
    try:
        return float(value) if value else math.nan
    except ValueError:
        return math.nan
