"""The files of a source by name: a folder, or a zip that is read in place and never extracted."""

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from backend.data.frames.limits import UnreadableImageError
from backend.errors import DataError, ForbiddenError

MAX_DEPTH = 6
"""Parts of a name: a file is at most five folders deep."""
MAX_FILES = 500_000
MAX_MEMBER_BYTES = 256 * 2**20
MAX_ZIP_BYTES = 20 * 10**9
ENCRYPTED = 0x1

Roots = tuple[Path, ...]
"""Folders that a source must be in, its links followed."""


class Tree(Protocol):
    """`files` are relative posix names, in the order of their folders; `path` is the folder or zip; `deeper`
    are files, or folders, that are too deep to be read."""

    path: Path
    files: list[str]
    deeper: list[str]

    def open(self, name: str) -> BinaryIO:
        """The file, from its beginning, seekable. Raises UnreadableImageError."""
        ...

    def close(self) -> None: ...


class FolderTree:
    """A folder; DataError if it cannot be listed, ForbiddenError if a link leads out of `roots`."""

    def __init__(self, path: Path, roots: Roots) -> None:
        self.path = path
        self._roots = [root.expanduser().resolve() for root in roots]
        self._seen = 0
        self.deeper: list[str] = []
        self.files = sorted(self._walk(path, ""), key=lambda name: name.split("/"))

    def open(self, name: str) -> BinaryIO:
        try:
            return (self.path / name).open("rb")
        except OSError as error:
            raise UnreadableImageError(error.strerror or "cannot be opened") from error

    def close(self) -> None:
        """Nothing to close."""

    def _walk(self, folder: Path, prefix: str) -> Iterator[str]:
        for entry in _entries(folder):
            if entry.name.startswith("."):
                continue
            self._seen += 1
            if self._seen > MAX_FILES:
                raise _too_many(self.path)
            name = prefix + entry.name
            if entry.is_symlink() and self._leads_back(entry, folder):
                continue
            if entry.is_dir() and name.count("/") < MAX_DEPTH - 1:
                yield from self._walk(Path(entry.path), name + "/")
            elif entry.is_dir():
                self.deeper.append(name)
            elif entry.is_file():
                yield _utf8(name, folder)

    def _leads_back(self, link: "os.DirEntry[str]", folder: Path) -> bool:
        """Whether the link is a loop to a folder above it; ForbiddenError if it leads out of the roots."""
        target = Path(os.path.realpath(link.path))
        if not any(target.is_relative_to(root) for root in self._roots):
            why = f"{link.path} is a link to {target}, outside the folders the server may read"
            advice = "replace it with a copy, or add its folder to GALAXYSCOPE_DATA_ROOTS"
            raise ForbiddenError("outside_data_roots", f"{why}; {advice}.", "path")
        return Path(os.path.realpath(folder)).is_relative_to(target)


def _entries(folder: Path) -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError as error:
        why = f"{folder} cannot be listed ({error.strerror}); change its permissions."
        raise DataError("unreadable", why, "path") from error


def _utf8(name: str, folder: Path) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        why = f"{name!r} in {folder.name} is not a UTF-8 file name; rename the file."
        raise DataError("bad_name", why, "path") from None
    return name


def _too_many(path: Path) -> DataError:
    why = f"{path.name} has more than {MAX_FILES:,} files; choose a folder inside it, or one HDF5 file."
    return DataError("too_many_files", why, "path")


class ZipTree:
    """A zip, all members checked; a folder that contains everything is not part of the names."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
            why = f"{path.name} is not a valid zip ({error}); create or download it again."
            raise DataError("damaged", why, "path") from error
        try:
            members = _unnested(self._checked())
            self._members = {name: one for name, one in members.items() if name.count("/") < MAX_DEPTH}
            self.deeper = sorted(members.keys() - self._members.keys())
        except DataError:
            self._zip.close()
            raise
        self.files = sorted(self._members, key=lambda name: name.split("/"))

    def open(self, name: str) -> BinaryIO:
        try:
            return BytesIO(self._zip.read(self._members[name]))
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError) as error:
            raise UnreadableImageError(f"damaged in the zip ({error})") from error
        except (NotImplementedError, RuntimeError) as error:
            raise UnreadableImageError(f"unsupported compression ({error})") from error

    def close(self) -> None:
        self._zip.close()

    def _checked(self) -> dict[str, zipfile.ZipInfo]:
        """Visible members by name, once every member is checked."""
        members = self._zip.infolist()
        if len(members) > MAX_FILES:
            raise _too_many(self.path)
        for member in members:
            _check_member(member, self.path.name)
        total = sum(member.file_size for member in members)
        if total > MAX_ZIP_BYTES:
            why = f"{self.path.name} unpacks to {total / 1e9:,.1f} GB, over {MAX_ZIP_BYTES / 1e9:.0f} GB"
            raise DataError("zip_too_large", f"{why}; unpack it on the server and give the folder.", "path")
        files = (member for member in members if not member.is_dir())
        return {member.filename: member for member in files if not _hidden(member.filename)}


def _check_member(member: zipfile.ZipInfo, zip_name: str) -> None:
    parts = PurePosixPath(member.filename.replace("\\", "/")).parts
    if not parts or ".." in parts or parts[0] == "/" or ":" in parts[0]:
        code, why = "zip_climbs_out", "leads out of the zip; create the zip inside its folder"
    elif member.flag_bits & ENCRYPTED:
        code, why = "zip_encrypted", "is encrypted; create the zip without a password"
    elif stat.S_ISLNK(member.external_attr >> 16):
        code, why = "zip_symlink", "is a symbolic link; put the file itself into the zip"
    elif member.file_size > MAX_MEMBER_BYTES:
        size = f"unpacks to {member.file_size:,} bytes, more than {MAX_MEMBER_BYTES:,}"
        code, why = "zip_member_too_large", f"{size}; leave it out, or upload an HDF5 or .npy file alone"
    else:
        return
    shown = member.filename.encode(errors="replace").decode()
    raise DataError(code, f"'{shown[-100:]}' in {zip_name} {why}.", "path")


def _hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _unnested(members: dict[str, zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """The members without the folders common to all of them."""
    while members and len({name.split("/")[0] for name in members}) == 1 and all("/" in n for n in members):
        members = {name.split("/", 1)[1]: member for name, member in members.items()}
    return members
