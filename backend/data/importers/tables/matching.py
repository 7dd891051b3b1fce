"""Which image each row of a table names."""

import posixpath
import re
from collections.abc import Sequence
from unicodedata import normalize

from backend.data.importers.names import counted, without_suffix
from backend.data.importers.reporting import Findings
from backend.data.importers.trees import Tree
from backend.errors import DataError


class ImageIndex:
    """Finds the image that a cell names: by its path from the folder or the table, or by its file name if
    that is unique; the suffix may be omitted, and accents may be composed or not. An absolute path of another
    machine is found by its last parts."""

    def __init__(self, tree: Tree, images: list[str], folder: str) -> None:
        self._base = _key((tree.path if tree.path.is_dir() else tree.path.parent).absolute().as_posix())
        self._folder = folder
        self._exact = set(images)
        self._paths = {without_suffix(_key(name)): name for name in reversed(images)}
        self._paths |= {_key(name): name for name in images}
        self._alone: dict[str, str | None] = {}
        for name in images:
            base = _key(posixpath.basename(name))
            for key in {base, without_suffix(base)}:
                self._alone[key] = None if key in self._alone else name

    def find(self, cell: str) -> str | None:
        """The name in the tree, never outside it."""
        if not cell or "\0" in cell:
            return None
        if cell in self._exact:
            return cell
        given = _key(cell)
        if given in self._paths:
            return self._paths[given]
        for folder in ("", self._folder):
            path = posixpath.relpath(posixpath.join(self._base, folder, given), self._base)
            if path in self._paths:
                return self._paths[path]
        return self._from_elsewhere(given) if self.is_elsewhere(cell) else self._alone.get(given)

    def is_elsewhere(self, cell: str) -> bool:
        """Whether a cell is an absolute path, or address, outside the folder."""
        given = _key(cell)
        absolute = given.startswith("/") or re.match(r"[A-Za-z]:/|[a-z0-9]+://", given) is not None
        return absolute and not given.startswith(self._base.rstrip("/") + "/")

    def _from_elsewhere(self, given: str) -> str | None:
        """By as many of the last parts of a path as name an image, at the least a unique file name."""
        parts = given.split("/")
        for start in range(1, len(parts) - 1):
            path = "/".join(parts[start:])
            if path in self._paths:
                return self._paths[path]
        return self._alone.get(parts[-1])


def check_present(
    cells: Sequence[str], names: Sequence[str | None], images: Sequence[str], where: str, findings: Findings
) -> None:
    """Make a problem of rows whose image is missing: how many, the first, and images without a row. `where`
    says which column and table the cells are of."""
    missing = [cell for cell, name in zip(cells, names, strict=True) if name is None]
    unused = sorted(set(images) - set(names))
    if missing:
        with findings.trying():
            why = f"{len(missing):,} of {len(cells):,} files named in {where} do not exist, first "
            why += f"'{missing[0][:100]}'"
            if unused:
                why += f", and {counted(len(unused), 'image')} have no row, first '{unused[0][-100:]}'"
            advice = "put them beside the table or into the image folder, or remove their rows"
            raise DataError("missing_files", f"{why}; {advice}.", "labels")


def check_distinct(names: Sequence[str], where: str, findings: Findings) -> None:
    """Make a problem of images with two rows: how many, and the first."""
    first: dict[str, int] = {}
    repeated = [
        (name, first[name], row) for row, name in enumerate(names, 1) if first.setdefault(name, row) != row
    ]
    if repeated:
        with findings.trying():
            name, one, two = repeated[0]
            why = (
                f"{counted(len(repeated), 'row')} of {where} repeat an image, first '{name[-100:]}' in rows "
            )
            why += f"{one:,} and {two:,}"
            raise DataError("repeated_image", f"{why}; keep one row per image.", "labels")


def _key(name: str) -> str:
    """A name for comparison: composed accents, slashes."""
    return normalize("NFC", name.replace("\\", "/"))
