"""Files that are either old or new, never half: written beside, fsynced, renamed."""

import json
import os
from pathlib import Path
from typing import Any


def write_atomic(path: Path, data: bytes | memoryview) -> None:
    """Replace `path` by `data` in one step that survives a kill at any moment."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, atomically; NaN and infinities are refused (ValueError)."""
    write_atomic(path, json.dumps(value, allow_nan=False, indent=1).encode())


def read_json(path: Path) -> Any | None:
    """The JSON in `path`, or None where there is no such file."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
