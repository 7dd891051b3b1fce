"""The images of a folder or zip, in order: by a table if there is one, else by class folders, else flat."""

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from backend.data.frames.limits import UnreadableImageError
from backend.data.importers.catalogue import (
    Catalogue,
    TableColumns,
    unlabelled,
    with_constant_scale,
    with_table,
)
from backend.data.importers.class_folders import by_folders
from backend.data.importers.columns import RoleFinder, refuse_columns_without_table
from backend.data.importers.frame_source import TableView
from backend.data.importers.names import ARRAY_FILES, counted, is_image, listed, without_suffix
from backend.data.importers.reporting import Findings
from backend.data.importers.tables import TABLE_SUFFIXES, Opener, Table, first_rows, open_table, read_columns
from backend.data.importers.trees import MAX_DEPTH, Tree
from backend.errors import DataError
from shared.configs import ImportConfig

SAMPLE_ROWS = 1000
SHOWN_ROWS = 5
OBVIOUS_TABLES = ("labels.csv", "labels.parquet")


@dataclass
class Listing:
    """Image files of a tree, a name a row of the catalogue."""

    kind: str
    names: list[str]
    catalogue: Catalogue
    table: TableView = field(default_factory=TableView)


def list_images(tree: Tree, config: ImportConfig, findings: Findings) -> Listing:
    """The images an import would read; DataError where there are none."""
    images = [name for name in tree.files if is_image(name)]
    if not images:
        raise _no_images(tree)
    found = _find_table(tree, config, findings)
    if found is None:
        with findings.trying():
            refuse_columns_without_table(config)
        listing = Listing(*by_folders(tree, images, config, findings))
    else:
        listing = _by_table(tree, images, *found, config, findings)
    listing.catalogue = with_constant_scale(listing.catalogue, config, findings)
    return listing


def _no_images(tree: Tree) -> DataError:
    arrays = [name for name in tree.files if name.lower().endswith(ARRAY_FILES)]
    if arrays:
        return DataError(
            "array_inside",
            f"{tree.path.name} holds {listed(arrays)} and no images; give or upload that file alone.",
            "path",
        )
    return DataError(
        "no_images",
        f"{tree.path.name} holds no images, nor do its folders down to {MAX_DEPTH - 1} deep; give a folder "
        "of JPEG, PNG, TIFF, FITS or .npy files, one folder a class, a table of labels, or an HDF5 file.",
        "path",
    )


def _find_table(tree: Tree, config: ImportConfig, findings: Findings) -> tuple[Opener, str, str] | None:
    """How to open the table, its name, and its folder within the tree: the one given, else labels.csv, else
    the only one at the top."""
    if config.labels is not None:
        return _given_table(tree, Path(config.labels).expanduser())
    path = Path(config.path).expanduser()
    if path.suffix.lower() in TABLE_SUFFIXES:
        return path_opener(path), path.name, ""
    tables = [name for name in tree.files if "/" not in name and name.lower().endswith((".csv", ".parquet"))]
    chosen = [name for name in OBVIOUS_TABLES if name in tables] or (tables if len(tables) == 1 else [])
    if not chosen:
        if tables:
            findings.notes.append(f"Several tables lie there ({listed(tables)}); set labels to use one.")
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
            raise DataError(
                "unreadable", f"{path.name} cannot be read ({error.strerror}); check it.", "labels"
            ) from error

    return opened


def member_opener(tree: Tree, name: str) -> Opener:
    """Reads a member of a zip once, however often it is opened."""
    kept: list[bytes] = []

    def opened() -> BinaryIO:
        try:
            if tree.path.is_dir():
                return tree.open(name)
            if not kept:
                kept.append(tree.open(name).read())
            return BytesIO(kept[0])
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
    """The columns of a table that have a role, and a view of it; `has_image` knows cells that name one."""
    table: Table = open_table(opener, name)
    sample = first_rows(table, SAMPLE_ROWS)
    roles = RoleFinder(config, name, table.columns, sample, has_image).find(findings)
    wanted = list(dict.fromkeys(column for column in roles.values() if column is not None))
    cells = read_columns(table, wanted or table.columns[:1])
    return TableColumns(name, roles, cells), TableView(name, table.columns, roles, sample[:SHOWN_ROWS])


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
            raise DataError(
                "unknown_column",
                f"{name} needs a column of image files; set image_column to one of: "
                f"{', '.join(view.columns[:60])}.",
                "image_column",
            )
        return Listing("folder_table", [], unlabelled([]), view)
    names = [index.find(cell) for cell in cells]
    with findings.trying():
        _refuse_missing(cells, names, name, columns.roles["image_column"] or "")
    present = [row for row, found in enumerate(names) if found is not None]
    if len(present) < len(cells):
        kept = {key: [values[row] for row in present] for key, values in columns.cells.items()}
        columns = TableColumns(columns.table, columns.roles, kept)
    ids = [cells[row] for row in present]
    catalogue = with_table(unlabelled(ids), columns, findings)
    unused = len(images) - len({found for found in names if found is not None})
    if unused:
        findings.notes.append(f"Left out: {counted(unused, 'image')} that {name} does not name.")
    return Listing("folder_table", [found for found in names if found is not None], catalogue, view)


class ImageIndex:
    """Finds the image that a cell names: by its path from the folder or from the table, or by its file name
    alone where that is unique; the suffix may be left out."""

    def __init__(self, tree: Tree, images: list[str], folder: str) -> None:
        self._base = (tree.path if tree.path.is_dir() else tree.path.parent).absolute().as_posix()
        self._folder = folder
        self._paths = {without_suffix(name): name for name in reversed(images)} | {
            name: name for name in images
        }
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


def _refuse_missing(cells: list[str], names: list[str | None], table: str, column: str) -> None:
    missing = [cell for cell, name in zip(cells, names, strict=True) if name is None]
    if missing:
        raise DataError(
            "missing_files",
            f"{len(missing):,} of {len(cells):,} files named in column '{column}' of {table} are not there, "
            f"first '{missing[0][:100]}'; put them beside the table or into the image folder, or take their "
            "rows out.",
            "labels",
        )
