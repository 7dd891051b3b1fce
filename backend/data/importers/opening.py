"""The one place that tells what kind of source a path is."""

import os
from pathlib import Path

from backend.data.importers.array_source import ArrayFile, ArraySource
from backend.data.importers.arrays import open_npy, open_npz
from backend.data.importers.folder import FolderSource
from backend.data.importers.frame_source import FrameSource
from backend.data.importers.galaxy10 import open_galaxy10
from backend.data.importers.names import is_image
from backend.data.importers.reporting import Findings, Reporter
from backend.data.importers.tables import TABLE_SUFFIXES
from backend.data.importers.trees import FolderTree, Roots, Tree, ZipTree
from backend.errors import DataError, ForbiddenError
from shared.configs import ImportConfig


def open_source(
    config: ImportConfig, roots: Roots, findings: Findings, reporter: Reporter, headers: int | None = None
) -> FrameSource:
    """The source at `config.path`, its files listed, its columns read, its frames not yet.

    Of a folder the headers of at most `headers` files are read. Raises DataError where it cannot be looked
    at, ForbiddenError where it leads out of `roots`; what else is wrong goes to `findings`.
    """
    path = _existing(config, roots)
    if not path.is_dir() and path.suffix.lower() not in (".zip", *TABLE_SUFFIXES):
        return _array_source(path, config, findings)
    tree = _tree(path, roots)
    try:
        return FolderSource(tree, config, findings, reporter, headers)
    except BaseException:  # ImportStopped is none of Exception
        tree.close()
        raise


def _tree(path: Path, roots: Roots) -> Tree:
    if path.is_dir():
        return FolderTree(path, roots)
    return ZipTree(path) if path.suffix.lower() == ".zip" else FolderTree(path.parent, roots)


def _array_source(path: Path, config: ImportConfig, findings: Findings) -> ArraySource:
    file = _array_file(path, config, findings)
    try:
        return ArraySource(file, config, findings)
    except BaseException:  # ImportStopped is none of Exception
        file.handle.close()
        raise


def _array_file(path: Path, config: ImportConfig, findings: Findings) -> ArrayFile:
    suffix = path.suffix.lower()
    if suffix == ".npy":
        return open_npy(config)
    if suffix == ".npz":
        return open_npz(config, findings)
    if is_image(path.name):
        raise DataError(
            "single_image",
            f"{path.name} is a single image; give the folder it lies in, with at least ten of them.",
            "path",
        )
    return open_galaxy10(config)


def _existing(config: ImportConfig, roots: Roots) -> Path:
    try:
        path = Path(config.path).expanduser()
        exists = path.exists()
    except (ValueError, RuntimeError, OSError) as error:
        raise DataError(
            "bad_path", f"{config.path!r} is no path ({error}); check its spelling.", "path"
        ) from error
    if not exists:
        raise DataError("no_such_file", f"There is no file or folder {path}; check the path.", "path")
    if not path.is_dir() and not path.is_file():  # a pipe would be waited on for ever
        raise DataError("not_a_file", f"{path} is neither a file nor a folder; check the path.", "path")
    if not os.access(path, os.R_OK):
        raise DataError("unreadable", f"{path} may not be read; change its permissions.", "path")
    for field, value in (("path", config.path), ("labels", config.labels)):
        if value is not None:
            require_inside(Path(value).expanduser(), roots, field)
    return path


def require_inside(path: Path, roots: tuple[Path, ...], field: str) -> None:
    """Raise ForbiddenError where `path`, its links followed, lies in none of `roots`."""
    target = path.resolve()
    if not any(target.is_relative_to(root.expanduser().resolve()) for root in roots):
        raise ForbiddenError(
            "outside_data_roots",
            f"{path} is outside the folders the server may read ({', '.join(map(str, roots))}); move it "
            "there, or start the server with its folder in GALAXYSCOPE_DATA_ROOTS.",
            field,
        )
