"""The images of a folder or zip, in order: from a table if there is one, else class folders, else flat."""

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np

from backend.data.frames.limits import UnreadableImageError
from backend.data.frames.reading import FITS_SUFFIXES
from backend.data.importers.catalogue import (
    Catalogue,
    TableColumns,
    classes_of,
    unlabelled,
    with_constant_scale,
    with_table,
)  # fmt: skip
from backend.data.importers.frame_source import TableView
from backend.data.importers.image_files.band_files import BandFiles, band_files
from backend.data.importers.names import (
    ARRAY_FILES,
    SPLIT_NAMES,
    counted,
    is_image,
    listed,
)  # fmt: skip
from backend.data.importers.reporting import Findings
from backend.data.importers.tables import (
    FOLDER_TABLES,
    PACKED,
    Opener,
    Table,
    first_rows,
    holds_fits_table,
    open_table,
    read_columns,
)  # fmt: skip
from backend.data.importers.tables.columns import RoleFinder, refuse_columns_without_table, targets_of
from backend.data.importers.tables.matching import ImageIndex, check_distinct, check_present
from backend.data.importers.tables.table import NUMBER
from backend.data.importers.trees import MAX_DEPTH, Tree
from backend.data.importers.values import BLANKS, whole_numbers
from backend.data.layout import MIN_ROWS, Rows, unknown
from backend.data.splits import find_groups, with_validation
from backend.errors import DataError
from shared.base.vocabulary import SPLIT_CODES, Split
from shared.configs import ImportConfig
from shared.configs.datasets import NO_COLUMN

SAMPLE_ROWS = 1000
SHOWN_ROWS = 5
SOME_SIDE = 64
"""Pixels; half a frame of this side is one place while the size is not known."""
OBVIOUS_STEM = "labels"
MAX_FITS_OPENED = 2000
_CATALOGUE = re.compile(r"cat|table|label|sample|sources|galaxies", re.IGNORECASE)
FEW = 0.5
"""Images beside class folders are strays if they are fewer than this share of those in the folders."""


@dataclass
class Listing:
    """Images of a tree, one name per row of the catalogue, and the files of each that has one a band."""

    kind: str
    names: list[str]
    catalogue: Catalogue
    table: TableView = field(default_factory=TableView)
    bands: BandFiles = field(default_factory=lambda: BandFiles([], {}))


def list_images(tree: Tree, config: ImportConfig, findings: Findings) -> Listing:
    """The images an import would read; DataError if there are none."""
    fits_tables = _fits_tables(tree)
    images = [name for name in tree.files if is_image(name) and name not in fits_tables]
    if not images:
        raise _no_images(tree)
    others = [name for name in tree.files if not is_image(name) and name not in fits_tables]
    bands = band_files(images, config, findings)
    images = bands.names
    found = _find_table(tree, fits_tables, config, findings)
    _note_others(tree, others, found, findings)
    if found is None:
        with findings.trying():
            refuse_columns_without_table(config)
        listing = Listing(*_by_folders(tree, images, config, findings))
    else:
        listing = _by_table(tree, images, *found, config, findings)
    listing.catalogue = with_constant_scale(listing.catalogue, config, findings)
    listing.bands = bands
    return listing


def _note_others(
    tree: Tree, others: list[str], found: tuple[Opener, str, str] | None, findings: Findings
) -> None:
    """Name the files that are neither images nor the table; other tables at the top are named elsewhere."""
    table = posixpath.normpath(posixpath.join(found[2], found[1])) if found else None
    unused = [
        name
        for name in others
        if name not in (table, found[1] if found else None) and not ("/" not in name and _is_found(name))
    ]
    if unused:
        findings.skipped(len(unused), "file", "that is neither an image nor the table", unused[0])
    if tree.deeper:
        findings.skipped(len(tree.deeper), "file", f"more than {MAX_DEPTH - 1} folders deep", tree.deeper[0])


def _is_found(name: str) -> bool:
    """Whether a file of a folder is taken for a table by its name."""
    return name.lower().removesuffix(PACKED).endswith(FOLDER_TABLES)


def _no_images(tree: Tree) -> DataError:
    arrays = [name for name in tree.files if name.lower().endswith(ARRAY_FILES)]
    if arrays:
        why = f"{tree.path.name} holds {listed(arrays)} and no images; give or upload that file alone."
        return DataError("array_inside", why, "path")
    why = f"{tree.path.name} has no images, nor have its folders down to {MAX_DEPTH - 1} deep"
    advice = "give JPEG, PNG, TIFF, FITS or .npy files, or an HDF5 file"
    return DataError("no_images", f"{why}; {advice}.", "path")


def _fits_tables(tree: Tree) -> set[str]:
    """The FITS files at the top that are tables; of more than 2,000 only those that a catalogue's name leads
    to are opened."""
    names = [name for name in tree.files if "/" not in name and name.lower().endswith(FITS_SUFFIXES)]
    if len(names) > MAX_FITS_OPENED:
        names = [name for name in names if _CATALOGUE.search(name)]
    return {name for name in names if _is_fits_table(tree, name)}


def _is_fits_table(tree: Tree, name: str) -> bool:
    try:
        return holds_fits_table(lambda: tree.open(name), name)
    except UnreadableImageError:
        return False


def _find_table(
    tree: Tree, fits_tables: set[str], config: ImportConfig, findings: Findings
) -> tuple[Opener, str, str] | None:
    """How to open the table, its name, and its folder within the tree: the configured one, else the one named
    labels, else the only one at the top. The receipt names the others."""
    path = Path(config.path).expanduser()
    top = [name for name in tree.files if "/" not in name]
    tables = [name for name in top if _is_found(name) or name in fits_tables]
    if config.labels is not None:
        found = _given_table(tree, Path(config.labels).expanduser())
    elif not tree.path.is_dir() or path.is_dir() or not path.is_file():
        obvious = [name for name in tables if name.lower().split(".")[0] == OBVIOUS_STEM]
        chosen = obvious if len(obvious) == 1 else tables if len(tables) == 1 else []
        if not chosen:
            if tables:
                findings.assumed(f"No table is used, as there are several: {listed(tables)}.", "labels")
            return None
        found = member_opener(tree, chosen[0]), chosen[0], ""
    else:
        found = path_opener(path), path.name, ""
    others = [name for name in tables if name != posixpath.join(found[2], posixpath.basename(found[1]))]
    if others:
        findings.skipped(len(others), "table", f"as {found[1]} is used", others[0])
    return found


def _given_table(tree: Tree, given: Path) -> tuple[Opener, str, str]:
    base = tree.path if tree.path.is_dir() else tree.path.parent
    if given.is_file():
        return path_opener(given), given.name, _relative(given.absolute().parent, base)
    for name in (given.as_posix(), _relative(given.absolute(), base)):
        if name in tree.files:
            return member_opener(tree, name), name, posixpath.dirname(name)
    raise DataError("no_such_file", f"There is no file {given}; check the path of the table.", "labels")


def _relative(path: Path, base: Path) -> str:
    return posixpath.relpath(path.as_posix(), base.absolute().as_posix())


def path_opener(path: Path) -> Opener:
    def opened() -> BinaryIO:
        try:
            return path.open("rb")
        except OSError as error:
            why = f"{path.name} cannot be read ({error.strerror}); check it."
            raise DataError("unreadable", why, "labels") from error

    return opened


def member_opener(tree: Tree, name: str) -> Opener:
    """Opens a file of the tree; a member of a zip is read only once."""
    read: list[bytes] = []

    def opened() -> BinaryIO:
        try:
            if tree.path.is_dir():
                return tree.open(name)
            if not read:
                read.append(tree.open(name).read())
            return BytesIO(read[0])
        except UnreadableImageError as error:
            raise DataError(
                "unreadable", f"{name} cannot be read ({error}); replace it.", "labels"
            ) from error

    return opened


def table_columns(
    opener: Opener,
    name: str,
    config: ImportConfig,
    has_image: Callable[[str], bool] | None,
    findings: Findings,
) -> tuple[TableColumns, TableView]:
    """The columns of a table that have a role, and a view of it; `has_image` says if a cell names an
    image."""
    return role_columns(open_table(opener, name), config, has_image, findings)


def role_columns(
    table: Table, config: ImportConfig, has_image: Callable[[str], bool] | None, findings: Findings
) -> tuple[TableColumns, TableView]:
    """The same of an open table."""
    name = table.name
    sample = first_rows(table, SAMPLE_ROWS)
    roles = RoleFinder(config, name, table.columns, sample, has_image).find(findings)
    targets = targets_of(config, name, table.columns, findings)
    used = list(dict.fromkeys([*(column for column in roles.values() if column is not None), *targets]))
    cells = read_columns(table, used or table.columns[:1])
    rows = len(next(iter(cells.values())))
    findings.read(f"{counted(rows, 'row')} of {name}: {_roles_in_words(roles, targets)}.", rows)
    unused = [column for column in table.columns if column not in used]
    if unused:
        findings.skipped(len(unused), "column", f"of {name}", unused[0])
    for part in table.unread:
        findings.skipped(part.count, part.noun, part.why, part.first)
    columns = TableColumns(name, roles, cells, table.units, table.exact, targets)
    return columns, TableView(
        name, table.columns, roles, sample[:SHOWN_ROWS], _numeric(table.columns, sample)
    )


def _numeric(columns: list[str], sample: list[dict[str, str]]) -> list[str]:
    """The columns that hold numbers and blanks only."""
    values = {
        column: {row[column] for row in sample if row[column].lower() not in BLANKS} for column in columns
    }
    return [column for column in columns if values[column] and all(map(NUMBER.fullmatch, values[column]))]


def _roles_in_words(roles: Mapping[str, str | None], targets: list[str]) -> str:
    """Such as `label from 'class', ra from 'RAJ2000', targets 'mass'`."""
    used = [f"{role.removesuffix('_column')} from '{name}'" for role, name in roles.items() if name]
    if targets:
        used.append(f"targets {listed(targets)}")
    return ", ".join(used) or "no column has a role"


def _by_table(
    tree: Tree,
    images: list[str],
    opener: Opener,
    name: str,
    folder: str,
    config: ImportConfig,
    findings: Findings,
) -> Listing:
    index = ImageIndex(tree, images, folder)
    columns, view = table_columns(opener, name, config, lambda cell: index.find(cell) is not None, findings)
    cells = columns.of("image_column")
    if cells is None:
        with findings.trying():
            columns_words = ", ".join(view.columns[:60])
            why = f"{name} needs a column of image files; set image_column to one of: {columns_words}."
            raise DataError("unknown_column", why, "image_column")
        return Listing("folder_table", [], unlabelled([]), view)
    cells = whole_numbers(cells)
    names = [index.find(cell) for cell in cells]
    where = f"column '{columns.roles['image_column']}' of {name}"
    check_present(cells, names, images, where, findings)
    present = [row for row, image in enumerate(names) if image is not None]
    if len(present) < len(cells):
        columns = columns.part(present)
    used = [cells[row] for row in present]
    catalogue = with_table(unlabelled(used), columns, findings, config.ra_unit)
    if columns.roles.get("id_column") is None:
        findings.assumed(f"The ids are the cells of {where}.", "id_column")
    found = [image for image in names if image is not None]
    check_distinct(found, where, findings)
    moved = [(cell, image) for cell, image in zip(used, found, strict=True) if index.is_elsewhere(cell)]
    if moved:
        cell, image = moved[0]
        text = f"{counted(len(moved), 'path')} of another place found by the end of the path, first "
        findings.assumed(f"{text}'{cell[-100:]}' as '{image[-100:]}'.", "image_column")
    unused = sorted(set(images) - set(found))
    if unused:
        findings.skipped(len(unused), "image", f"not in {name}", unused[0])
    return Listing("folder_table", found, catalogue, view)


def _by_folders(
    tree: Tree, images: list[str], config: ImportConfig, findings: Findings
) -> tuple[str, list[str], Catalogue]:
    """The kind of source, the images to use, and their catalogue: one class per folder, or one split per
    folder of class folders; unlabelled if more than a few images are beside the folders."""
    base, deeper, strays = _class_folders(images)
    if not deeper:
        flat = [name for name in images if "/" not in name]
        _note_strays(findings, [name for name in images if "/" in name], "in subfolders")
        return "folder", flat, unlabelled(flat)
    _note_strays(findings, strays, "beside the class folders")
    if base:
        findings.assumed(f"Classes are the folders in '{base[:-1]}'.")
    catalogue = unlabelled(deeper)
    parts = [name[len(base) :].split("/") for name in deeper]
    splits = {part[0] for part in parts}
    with findings.trying():
        if len(splits) > 1 and all(name.lower() in SPLIT_NAMES for name in splits):
            if any(len(part) > 2 for part in parts):  # else the splits are unlabelled
                beside = [name for name, part in zip(deeper, parts, strict=True) if len(part) == 2]
                _note_strays(findings, beside, "beside the class folders of a split")
                deeper = [name for name, part in zip(deeper, parts, strict=True) if len(part) > 2]
                parts = [part for part in parts if len(part) > 2]
                catalogue = unlabelled(deeper)
            _set_classes(catalogue, [part[1] if len(part) > 2 else "" for part in parts])
            set_splits(catalogue, [part[0] for part in parts], config, findings)
        else:
            _set_classes(catalogue, [part[0] for part in parts])
            if not catalogue.class_names:
                why = f"All images of {tree.path.name} are in one folder, '{base}{parts[0][0]}'"
                advice = "give that folder itself for images without labels, or one folder per class"
                raise DataError("one_class", f"{why}; {advice}.", "path")
    return "class_folders", deeper, catalogue


def _class_folders(images: list[str]) -> tuple[str, list[str], list[str]]:
    """The folder that all class folders are in (as `data/`, or empty), their images, and the few images
    beside them; no images if there are not few of those."""
    base, deeper = "", images
    strays: list[str] = []
    while True:
        beside = [name for name in deeper if "/" not in name[len(base) :]]
        inside = [name for name in deeper if "/" in name[len(base) :]]
        folders = {name[len(base) :].split("/")[0] for name in inside}
        few = len(beside) < max(MIN_ROWS, len(inside) * FEW)
        if not folders or (beside and not (few and _leads_to_two(base, inside))):
            return base, [], strays
        strays += beside
        if len(folders) > 1 or not _leads_to_two(base, inside):
            return base, inside, strays
        base, deeper = f"{base}{folders.pop()}/", inside


def _leads_to_two(base: str, images: list[str]) -> bool:
    """Whether, below one folder in another at most, there are two folders of images."""
    while images:
        inner = [name for name in images if "/" in name[len(base) :]]
        folders = {name[len(base) :].split("/")[0] for name in inner}
        if len(folders) != 1:
            return len(folders) > 1
        base, images = f"{base}{folders.pop()}/", inner
    return False


def _note_strays(findings: Findings, names: list[str], where: str) -> None:
    if names:
        findings.skipped(len(names), "image", where, names[0])


def _set_classes(catalogue: Catalogue, names: list[str]) -> None:
    """Set the classes if there are at least two."""
    classes, labels = classes_of(names)
    if len(classes) > 1:
        catalogue.class_names, catalogue.labels = classes, labels


def _groups(catalogue: Catalogue, config: ImportConfig) -> Rows:
    """(n,) rows of one source, group or place on the sky."""
    ra, dec, pxscale = (catalogue.sky.get(key, unknown(len(catalogue))) for key in ("ra", "dec", "pxscale"))
    side = config.img_size or SOME_SIDE
    return find_groups(catalogue.source_ids, ra, dec, pxscale, side, catalogue.groups)


def set_splits(
    catalogue: Catalogue, names: list[str], config: ImportConfig, findings: Findings, what: str = "folders"
) -> None:
    """Set the split that folders (or other `what`) name, unless it is declined; without val, it is taken out
    of train, so that a published test split is never trained on."""
    found = {SPLIT_NAMES[name.lower()] for name in names}
    if config.split_column == NO_COLUMN:
        return
    if Split.TRAIN not in found:
        findings.assumed(f"The {what} {listed(sorted(found))} lack train: a new split is made.")
        return
    codes = np.array([SPLIT_CODES[Split(SPLIT_NAMES[name.lower()])] for name in names], np.uint8)
    if Split.VAL in found:
        findings.assumed(f"The split is taken from the names of the {what}.", "split_column")
    else:
        codes = with_validation(codes, catalogue.labels, config.split_seed, _groups(catalogue, config))
        text = f"The split is taken from the names of the {what}; a tenth of train becomes val."
        findings.assumed(text, "split_column")
    catalogue.splits = codes
