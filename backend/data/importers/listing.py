"""The images of a folder or zip, in order: from a table if there is one, else class folders, else flat."""

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np

from backend.data.frames.limits import UnreadableImageError
from backend.data.importers.catalogue import (
    Catalogue,
    TableColumns,
    classes_of,
    unlabelled,
    with_constant_scale,
    with_table,
)  # fmt: skip
from backend.data.importers.columns import RoleFinder, refuse_columns_without_table
from backend.data.importers.frame_source import TableView
from backend.data.importers.names import (
    ARRAY_FILES,
    SPLIT_NAMES,
    counted,
    is_image,
    listed,
    without_suffix,
)  # fmt: skip
from backend.data.importers.reporting import Findings
from backend.data.importers.tables import (
    TABLE_SUFFIXES,
    Opener,
    Table,
    first_rows,
    open_table,
    read_columns,
)  # fmt: skip
from backend.data.importers.trees import MAX_DEPTH, Tree
from backend.data.layout import MIN_ROWS
from backend.data.splits import with_validation
from backend.errors import DataError
from shared.base.vocabulary import SPLIT_CODES, Split
from shared.configs import ImportConfig
from shared.configs.datasets import NO_COLUMN

SAMPLE_ROWS = 1000
SHOWN_ROWS = 5
FEW = 0.1
"""Images beside class folders are strays if they are fewer than this share of those in the folders."""
OBVIOUS_TABLES = ("labels.csv", "labels.parquet")


@dataclass
class Listing:
    """Image files of a tree, one name per row of the catalogue."""

    kind: str
    names: list[str]
    catalogue: Catalogue
    table: TableView = field(default_factory=TableView)


def list_images(tree: Tree, config: ImportConfig, findings: Findings) -> Listing:
    """The images an import would read; DataError if there are none."""
    images = [name for name in tree.files if is_image(name)]
    if not images:
        raise _no_images(tree)
    found = _find_table(tree, config, findings)
    if found is None:
        with findings.trying():
            refuse_columns_without_table(config)
        listing = Listing(*_by_folders(tree, images, config, findings))
    else:
        listing = _by_table(tree, images, *found, config, findings)
    listing.catalogue = with_constant_scale(listing.catalogue, config, findings)
    return listing


def _no_images(tree: Tree) -> DataError:
    arrays = [name for name in tree.files if name.lower().endswith(ARRAY_FILES)]
    if arrays:
        why = f"{tree.path.name} holds {listed(arrays)} and no images; give or upload that file alone."
        return DataError("array_inside", why, "path")
    why = f"{tree.path.name} has no images, nor have its folders down to {MAX_DEPTH - 1} deep"
    advice = "give JPEG, PNG, TIFF, FITS or .npy files, or an HDF5 file"
    return DataError("no_images", f"{why}; {advice}.", "path")


def _find_table(tree: Tree, config: ImportConfig, findings: Findings) -> tuple[Opener, str, str] | None:
    """How to open the table, its name, and its folder within the tree: the configured one, else labels.csv,
    else the only one at the top."""
    if config.labels is not None:
        return _given_table(tree, Path(config.labels).expanduser())
    path = Path(config.path).expanduser()
    if path.suffix.lower() in TABLE_SUFFIXES:
        return path_opener(path), path.name, ""
    tables = [name for name in tree.files if "/" not in name and name.lower().endswith((".csv", ".parquet"))]
    chosen = [name for name in OBVIOUS_TABLES if name in tables] or (tables if len(tables) == 1 else [])
    if not chosen:
        if tables:
            findings.assumed(f"No table is used, as there are several: {listed(tables)}.", "labels")
        return None
    return member_opener(tree, chosen[0]), chosen[0], ""


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
    used = list(dict.fromkeys(column for column in roles.values() if column is not None))
    cells = read_columns(table, used or table.columns[:1])
    rows = len(next(iter(cells.values())))
    findings.read(f"{counted(rows, 'row')} of {name}: {_roles_in_words(roles)}.", rows)
    unused = [column for column in table.columns if column not in used]
    if unused:
        findings.skipped(len(unused), "column", f"of {name}", unused[0])
    return TableColumns(name, roles, cells), TableView(name, table.columns, roles, sample[:SHOWN_ROWS])


def _roles_in_words(roles: Mapping[str, str | None]) -> str:
    """Such as `label from 'class', ra from 'RAJ2000'`."""
    used = [f"{role.removesuffix('_column')} from '{name}'" for role, name in roles.items() if name]
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
    names = [index.find(cell) for cell in cells]
    present = [row for row, image in enumerate(names) if image is not None]
    if len(present) < len(cells):
        missing = next(cell for cell, image in zip(cells, names, strict=True) if image is None)
        with findings.trying():
            where = f"named in column '{columns.roles['image_column']}' of {name}"
            why = f"{len(cells) - len(present):,} of {len(cells):,} files {where} do not exist"
            advice = "put them beside the table or into the image folder, or remove their rows"
            raise DataError("missing_files", f"{why}, first '{missing[:100]}'; {advice}.", "labels")
        kept = {key: [values[row] for row in present] for key, values in columns.cells.items()}
        columns = TableColumns(columns.table, columns.roles, kept)
    catalogue = with_table(unlabelled([cells[row] for row in present]), columns, findings)
    found = [image for image in names if image is not None]
    unused = sorted(set(images) - set(found))
    if unused:
        findings.skipped(len(unused), "image", f"not in {name}", unused[0])
    return Listing("folder_table", found, catalogue, view)


class ImageIndex:
    """Finds the image that a cell names: by its path from the folder or the table, or by its file name if
    that is unique; the suffix may be omitted."""

    def __init__(self, tree: Tree, images: list[str], folder: str) -> None:
        self._base = (tree.path if tree.path.is_dir() else tree.path.parent).absolute().as_posix()
        self._folder = folder
        self._paths = {without_suffix(name): name for name in reversed(images)}
        self._paths |= {name: name for name in images}
        self._alone: dict[str, str | None] = {}
        for name in images:
            base = posixpath.basename(name)
            for key in {base, without_suffix(base)}:
                self._alone[key] = None if key in self._alone else name

    def find(self, cell: str) -> str | None:
        """The name in the tree, never outside it."""
        if not cell or "\0" in cell:
            return None
        given = cell.replace("\\", "/")
        if given in self._paths:
            return self._paths[given]
        for folder in ("", self._folder):
            path = posixpath.relpath(posixpath.join(self._base, folder, given), self._base)
            if path in self._paths:
                return self._paths[path]
        return self._alone.get(given)


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
        codes = with_validation(codes, catalogue.labels, config.split_seed)
        text = f"The split is taken from the names of the {what}; a tenth of train becomes val."
        findings.assumed(text, "split_column")
    catalogue.splits = codes
