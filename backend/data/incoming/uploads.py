"""Files sent from the browser; each upload has a folder until it is imported or expires."""

import errno
import re
import secrets
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from backend.data.importers.tables import holds_fits_table
from backend.data.incoming.folders import HINTS, is_importable, suffix_of
from backend.errors import InvalidInputError, NotFoundError
from shared.contract.datasets import Upload

KEPT_S = 7 * 24 * 3600.0
"""How long an upload is kept without being imported."""
MAX_BYTES = 2 * 10**9
"""Of all files of one upload."""
SPARE_BYTES = 64 * 2**20
MAX_NAME_BYTES = 200
UPLOAD_ID = re.compile(r"[0-9a-f]{16}")


def forget_upload(folder: Path, path: str) -> None:
    """Remove the upload below `folder` that `path` belongs to, if it does."""
    source = Path(path).resolve()
    inside = source.relative_to(folder.resolve()) if source.is_relative_to(folder.resolve()) else None
    if inside is not None and inside.parts and UPLOAD_ID.fullmatch(inside.parts[0]):
        shutil.rmtree(folder / inside.parts[0], ignore_errors=True)


class Uploads:
    """Uploads below one folder. A file has its name only once it is whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new(self) -> Upload:
        """A new, empty upload; removes expired ones."""
        self.sweep(KEPT_S)
        upload_id = secrets.token_hex(8)
        (self._folder / upload_id).mkdir(parents=True)
        return self._upload(upload_id)

    def write(self, upload_id: str, filename: str, chunks: Iterable[bytes], total: int | None) -> Upload:
        """Write a file as it arrives; `total` is its announced size in bytes. Raises NotFoundError,
        InvalidInputError, and then leaves nothing."""
        folder = self._existing(upload_id)
        name = _checked_name(filename)
        taken = _bytes_of(path for path in folder.iterdir() if path.name != name)
        if taken + (total or 0) > MAX_BYTES:
            raise _too_large(name)
        require_free(folder, total or 0, name)
        part = folder / f".{secrets.token_hex(4)}.part"
        try:
            size = _receive(part, chunks, MAX_BYTES - taken, name)
            if total is not None and size != total:
                why = f"{name} was interrupted at {size:,} of {total:,} bytes; send it again"
                raise InvalidInputError("upload_broken", why)
            part.replace(folder / name)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise _no_room(folder, f"{name} does not fit") from error
        finally:
            part.unlink(missing_ok=True)
        return self._upload(upload_id)

    def file(self, upload_id: str) -> Path:
        """The one file of an upload. Raises NotFoundError, InvalidInputError if it has none or several."""
        upload = self._upload(self._existing(upload_id).name)
        if len(upload.files) != 1:
            why = f"the upload has {len(upload.files)} files; send one zip"
            raise InvalidInputError("not_one_file", why, "upload")
        return self._folder / upload_id / upload.files[0]

    def sweep(self, older_than_s: float) -> None:
        """Remove uploads unchanged for so long."""
        if not self._folder.is_dir():
            return
        for folder in self._folder.iterdir():
            if UPLOAD_ID.fullmatch(folder.name) and time.time() - folder.stat().st_mtime > older_than_s:
                shutil.rmtree(folder, ignore_errors=True)

    def _existing(self, upload_id: str) -> Path:
        folder = self._folder / upload_id
        if not UPLOAD_ID.fullmatch(upload_id) or not folder.is_dir():
            raise NotFoundError("upload_not_found", f"there is no upload {upload_id}; start a new one")
        return folder

    def _upload(self, upload_id: str) -> Upload:
        folder = self._folder / upload_id
        files = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        tables = [path for path in files if _is_table(path)]
        sources = [path for path in files if path not in tables]
        [path] = sources if len(sources) == 1 else files if len(files) == 1 else [folder]
        return Upload(
            id=upload_id,
            path=str(path),
            labels=str(tables[0]) if sources and len(tables) == 1 else None,
            files=[path.name for path in files],
            size_bytes=_bytes_of(files),
        )


def _is_table(path: Path) -> bool:
    return HINTS.get(suffix_of(path.name)) == "table" or holds_fits_table(lambda: path.open("rb"), path.name)


def _bytes_of(paths: Iterable[Path]) -> int:
    """The size of files, of which some may just have been renamed or removed."""
    total = 0
    for path in paths:
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def _receive(part: Path, chunks: Iterable[bytes], most: int, name: str) -> int:
    """Write the chunks; how many bytes they are."""
    size = 0
    with part.open("wb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > most:
                raise _too_large(name)
            file.write(chunk)
    return size


def _checked_name(filename: str) -> str:
    """The name, if it is a plain one of an importable file."""
    name = filename.strip()
    plain = name.isprintable() and not re.search(r"[/\\]", name) and not name.startswith(".")
    if not name or not plain or len(name.encode()) > MAX_NAME_BYTES:
        why = f"{filename[:80]!r} is not a plain file name; rename it to letters, digits and dots"
        raise InvalidInputError("bad_filename", why)
    if not is_importable(name):
        kinds = "images, a zip, HDF5, FITS, .npy, .npz, CSV, VOTable, ECSV or Parquet"
        raise InvalidInputError("not_importable", f"{name} cannot be imported; send {kinds}")
    return name


def require_free(folder: Path, coming: int, name: str = "it") -> None:
    """Raise InvalidInputError if so many bytes would fill the disk of `folder`."""
    free = shutil.disk_usage(folder).free
    if coming + SPARE_BYTES > free:
        raise _no_room(folder, f"{name} needs {coming / 1e9:.1f} GB and {free / 1e9:.1f} GB are free")


def _no_room(folder: Path, why: str) -> InvalidInputError:
    advice = "free some space, or move GALAXYSCOPE_HOME to another disk"
    return InvalidInputError("disk_full", f"{why} on the disk of {folder.parent}; {advice}")


def _too_large(name: str) -> InvalidInputError:
    why = f"with {name} the upload is over {MAX_BYTES / 1e9:.0f} GB"
    return InvalidInputError("upload_too_large", f"{why}; copy it to the server and choose it there")
