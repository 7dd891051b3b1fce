"""Files that are old or new, never half written (a temporary file, fsync, rename), and file locks."""

import fcntl
import json
import os
from collections.abc import Iterable
from hashlib import file_digest
from pathlib import Path
from typing import Any

EVERYWHERE = (Path("/"),)
"""Roots that contain every path."""


def write_atomic(path: Path, data: bytes | memoryview) -> None:
    """Replace `path` by `data` atomically; a kill at any moment leaves the old or the new file."""
    write_chunks(path, (data,))


def write_chunks(path: Path, chunks: Iterable[bytes | memoryview]) -> int:
    """Write chunks as write_atomic does, and return their size in bytes. If they raise, nothing is left."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            size = sum(file.write(chunk) for chunk in chunks)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return size


def sync_folder(folder: Path) -> None:
    """Make the file names in a folder, and in all folders below it, survive a loss of power."""
    for place in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, atomically; NaN and infinities are refused (ValueError)."""
    write_atomic(path, json.dumps(value, allow_nan=False, indent=1).encode())


def read_json(path: Path) -> Any | None:
    """The JSON in `path`, or None if the file does not exist."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None


def try_lock(path: Path) -> int | None:
    """A descriptor that holds an exclusive flock on `path`, created if missing, until it is closed; None if
    another process holds it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
