"""Which kind of source a path is."""

import os
from pathlib import Path

from backend.data.hdf5_safety import dataset_keys, open_hdf5
from backend.data.importers.array_source import ArrayFile, ArraySource
from backend.data.importers.arrays import open_npy, open_npz
from backend.data.importers.folder import FolderSource
from backend.data.importers.frame_source import FrameSource
from backend.data.importers.hdf5.galaxy10 import damage_errors, open_galaxy10
from backend.data.importers.hdf5.universe import hdf5_files, image_key, open_universe
from backend.data.importers.names import is_image
from backend.data.importers.parquet.hats import is_hats
from backend.data.importers.parquet.source import open_hats, open_shards
from backend.data.importers.reporting import Findings, Reporter
from backend.data.importers.tables import holds_fits_table, is_table_name
from backend.data.importers.trees import FolderTree, Roots, Tree, ZipTree
from backend.data.layout import MIN_ROWS
from backend.errors import DataError, ForbiddenError
from shared.configs import ImportConfig


def open_source(
    config: ImportConfig, roots: Roots, findings: Findings, reporter: Reporter, headers: int | None = None
) -> FrameSource:
    """The source at `config.path`: files listed, columns read, frames not yet.

    Reads the headers of at most `headers` files of a folder. Raises DataError if it cannot be read,
    ForbiddenError if it leads out of `roots`; other faults go to `findings`.
    """
    path = _existing(config, roots)
    if not path.is_dir() and path.suffix.lower() != ".zip" and not _is_table(path):
        _refuse_filters(config, path)
        return _array_source(path, config, findings)
    if path.is_dir() and is_hats(path):
        return open_hats(path, config, roots, findings)
    tree = _tree(path, roots)
    try:
        return _of_tree(tree, path, config, findings, reporter, headers)
    except BaseException:  # ImportStopped is not an Exception
        tree.close()
        raise


def _is_table(path: Path) -> bool:
    return is_table_name(path.name) or holds_fits_table(lambda: path.open("rb"), path.name)


def _of_tree(
    tree: Tree,
    path: Path,
    config: ImportConfig,
    findings: Findings,
    reporter: Reporter,
    headers: int | None,
) -> FrameSource:
    """What a folder, zip or table holds: images in Parquet or HDF5 files, else files of images."""
    pictures = [name for name in tree.files if is_image(name)]
    if path.suffix.lower() == ".parquet" or (path.is_dir() and len(pictures) < MIN_ROWS):
        files = tree.files if path.is_dir() else [path.name]
        shards = {name: tree.path / name for name in files if name.lower().endswith(".parquet")}
        source = open_shards(path, shards, config, findings) if shards else None
        if source is not None:
            others = sorted(set(files) - shards.keys())
            if others:
                findings.skipped(len(others), "file", "beside the Parquet files", others[0])
            return source
        arrays = hdf5_files(files)
        if arrays and path.is_dir() and not pictures:
            _refuse_filters(config, path)
            return ArraySource(open_universe(path, arrays, config, findings), config, findings)
    _refuse_filters(config, path)
    return FolderSource(tree, config, findings, reporter, headers)


def _refuse_filters(config: ImportConfig, path: Path) -> None:
    for field in ("cone", "box", "limit"):
        if getattr(config, field) is not None:
            why = f"{field} chooses rows of Parquet files that hold images, and {path.name} is none"
            raise DataError("no_filter", f"{why}; leave it empty.", field)


def _tree(path: Path, roots: Roots) -> Tree:
    if path.is_dir():
        return FolderTree(path, roots)
    return ZipTree(path) if path.suffix.lower() == ".zip" else FolderTree(path.parent, roots)


def _array_source(path: Path, config: ImportConfig, findings: Findings) -> ArraySource:
    file = _array_file(path, config, findings)
    try:
        return ArraySource(file, config, findings)
    except BaseException:  # ImportStopped is not an Exception
        file.close()
        raise


def _array_file(path: Path, config: ImportConfig, findings: Findings) -> ArrayFile:
    suffix = path.suffix.lower()
    if suffix == ".npy":
        return open_npy(config)
    if suffix == ".npz":
        return open_npz(config, findings)
    if is_image(path.name):
        why = f"{path.name} is a single image; give its folder, with at least ten of them."
        raise DataError("single_image", why, "path")
    with open_hdf5(path) as file, damage_errors(path.name):
        galaxy10 = config.image_column in (None, "", "images") and "images" in dataset_keys(file)
        key = None if galaxy10 else image_key(file, config)
    return open_galaxy10(config, findings) if key is None else open_universe(path, [], config, findings)


def _existing(config: ImportConfig, roots: Roots) -> Path:
    try:
        path = Path(config.path).expanduser()
        exists = path.exists()
    except (ValueError, RuntimeError, OSError) as error:
        why = f"{config.path!r} is not a path ({error}); check its spelling."
        raise DataError("bad_path", why, "path") from error
    if not exists:
        raise DataError("no_such_file", f"There is no file or folder {path}; check the path.", "path")
    if not path.is_dir() and not path.is_file():  # reading a pipe would block
        raise DataError("not_a_file", f"{path} is neither a file nor a folder; check the path.", "path")
    if not os.access(path, os.R_OK):
        raise DataError("unreadable", f"{path} may not be read; change its permissions.", "path")
    for field, value in (("path", config.path), ("labels", config.labels)):
        if value is not None:
            require_inside(Path(value).expanduser(), roots, field)
    return path


def require_inside(path: Path, roots: tuple[Path, ...], field: str) -> None:
    """Raise ForbiddenError if `path`, its links followed, is in none of `roots`."""
    target = path.resolve()
    if not any(target.is_relative_to(root.expanduser().resolve()) for root in roots):
        why = f"{path} is outside the folders the server may read ({', '.join(map(str, roots))})"
        advice = "move it there, or add its folder to GALAXYSCOPE_DATA_ROOTS"
        raise ForbiddenError("outside_data_roots", f"{why}; {advice}.", field)
