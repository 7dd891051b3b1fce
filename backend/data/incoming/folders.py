"""Folders of the server to choose from, limited to the allowed roots."""

import os
from itertools import islice
from pathlib import Path

from backend.data.frames.reading import FITS_SUFFIXES, FRAME_SUFFIXES
from backend.data.importers.tables import FOLDER_TABLES
from backend.errors import ForbiddenError, InvalidInputError, NotFoundError
from shared.contract.datasets import FolderEntry, FolderListing

MAX_ENTRIES = 500
MAX_COUNTED = 1000
MAX_SCANNED = 200_000
"""Entries of one folder that are read at most."""
MAX_HINT_ENTRIES = 50_000
"""Entries of all its subfolders that are read for their hints."""
HINTS = {
    **{".h5": "HDF5", ".hdf5": "HDF5", ".npy": "array", ".npz": "arrays", ".zip": "zip"},
    **dict.fromkeys((*FOLDER_TABLES, ".tbl", ".xml"), "table"),
}
"""Kinds of files that are imported whole, by suffix."""


def is_importable(name: str) -> bool:
    """Whether an import could read a file of that name."""
    return _is_whole(name) or is_frame(name)


def is_frame(name: str) -> bool:
    """Whether a file of that name is one image among others."""
    return name.lower().endswith(FRAME_SUFFIXES)


def list_folder(path: str | None, roots: tuple[Path, ...]) -> FolderListing:
    """The importable contents of `path` (absolute, or within the first root; that root if None): folders,
    then files that are read whole, then images, without hidden ones and links that lead outside. Raises
    ForbiddenError outside the roots or without permission, NotFoundError, InvalidInputError for a file."""
    allowed = [root.expanduser().resolve() for root in roots]
    folder = _resolved(path, allowed)
    if not _inside(folder, allowed):
        why = f"{path or folder} is outside the folders the server may read ({', '.join(map(str, roots))})"
        advice = "move it there, or add its folder to GALAXYSCOPE_DATA_ROOTS"
        raise ForbiddenError("outside_data_roots", f"{why}; {advice}", "path")
    entries, truncated = _entries(folder, allowed)
    parent = folder.parent if folder not in allowed and _inside(folder.parent, allowed) else None
    return FolderListing(
        path=str(folder),
        parent=str(parent) if parent else None,
        roots=[str(root) for root in allowed],
        entries=entries,
        truncated=truncated,
    )


def _resolved(path: str | None, allowed: list[Path]) -> Path:
    base = allowed[0] if allowed else Path.home()
    try:
        return (base / Path(path or ".").expanduser()).resolve()
    except (ValueError, RuntimeError, OSError) as error:
        why = f"{path!r} is not a path: {error}; check its spelling"
        raise InvalidInputError("bad_path", why, "path") from None


def _inside(path: Path, allowed: list[Path]) -> bool:
    return any(path.is_relative_to(root) for root in allowed)


def _entries(folder: Path, allowed: list[Path]) -> tuple[list[FolderEntry], bool]:
    """The first entries, and whether there are more."""
    scanned = _scan(folder)
    shown = [
        item
        for item in scanned
        if _is_shown(item.name)
        and (_is_dir(item) or is_importable(item.name))
        and (not item.is_symlink() or _leads_inside(item.path, allowed))
    ]
    shown.sort(key=_rank)
    hints = _Hints()
    entries = [_entry(item, hints) for item in shown[:MAX_ENTRIES]]
    return entries, len(shown) > MAX_ENTRIES or len(scanned) == MAX_SCANNED


def _is_shown(name: str) -> bool:
    """Not hidden, and UTF-8: a name in another encoding could not be requested."""
    return not name.startswith(".") and not any("\ud800" <= mark <= "\udfff" for mark in name)


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(islice(found, MAX_SCANNED))
    except FileNotFoundError:
        why = f"there is no folder {folder}; choose another"
        raise NotFoundError("no_such_folder", why, "path") from None
    except NotADirectoryError:
        why = f"{folder} is a file; choose its folder"
        raise InvalidInputError("no_folder", why, "path") from None
    except OSError as error:
        why = f"{folder} cannot be read ({error.strerror}); change its permissions"
        raise ForbiddenError("unreadable", why, "path") from None


def _rank(item: os.DirEntry[str]) -> tuple[int, str, str]:
    lower = item.name.lower()
    order = 0 if _is_dir(item) else 1 if _is_whole(lower) and not lower.endswith(".npy") else 2
    return order, lower, item.name


def _is_whole(name: str) -> bool:
    return suffix_of(name) in HINTS


def suffix_of(name: str) -> str:
    """In lower case, for a table without that of gzip."""
    inner = Path(name.lower().removesuffix(".gz")).suffix
    return inner if HINTS.get(inner) == "table" else Path(name.lower()).suffix


def _is_dir(item: os.DirEntry[str]) -> bool:
    try:
        return item.is_dir()
    except OSError:
        return False


def _leads_inside(path: str, allowed: list[Path]) -> bool:
    try:
        return _inside(Path(path).resolve(), allowed)
    except (RuntimeError, OSError):
        return False  # a link to itself


def _entry(item: os.DirEntry[str], hints: "_Hints") -> FolderEntry:
    if _is_dir(item):
        hint = hints.of_folder(item.path)
        return FolderEntry(name=item.name, path=item.path, is_dir=True, size_bytes=None, hint=hint)
    hint = HINTS.get(suffix_of(item.name)) or (
        "FITS" if item.name.lower().endswith(FITS_SUFFIXES) else "image"
    )
    try:
        size = item.stat().st_size
    except OSError:
        size = None
    return FolderEntry(name=item.name, path=item.path, is_dir=False, size_bytes=size, hint=hint)


class _Hints:
    """How many images the folders of a listing hold, as far as that is cheap to count."""

    def __init__(self) -> None:
        self._left = MAX_HINT_ENTRIES

    def of_folder(self, path: str) -> str:
        """`120 images`, counted up to a thousand; empty if none, or unknown."""
        count = 0
        try:
            with os.scandir(path) as found:
                for item in islice(found, self._left):
                    self._left -= 1
                    count += is_frame(item.name)
                    if count >= MAX_COUNTED:
                        return f"{MAX_COUNTED:,}+ images"
        except OSError:
            return ""
        return f"{count} image{'s' if count > 1 else ''}" if count else ""
