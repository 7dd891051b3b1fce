"""Files that are either old or new, never half: written beside, fsynced, renamed."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

EVERYWHERE = (Path("/"),)
"""Roots that hold every path."""


def write_atomic(path: Path, data: bytes | memoryview) -> None:
    """Replace `path` by `data` in one step that survives a kill at any moment."""
    write_chunks(path, (data,))


def write_chunks(path: Path, chunks: Iterable[bytes | memoryview]) -> int:
    """The same with data that come piece by piece; how many bytes they were. Nothing is left of a file whose
    pieces end in an error."""
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
    """Have the names in a folder, and in those below it, survive a loss of power."""
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
    """The JSON in `path`, or None where there is no such file."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
