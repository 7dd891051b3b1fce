"""A cache of files on disk, under a budget of bytes."""

import os
import threading
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG

from backend.files import write_atomic


class ByteCache:
    """Named bytes below one folder; over `budget` bytes the least recently used are removed."""

    def __init__(self, folder: Path, budget: int) -> None:
        self._folder, self._budget = folder, budget
        self._lock = threading.Lock()

    def get(self, name: str) -> bytes | None:
        """The bytes stored under a name, or None."""
        path = self._folder / name
        try:
            data = path.read_bytes()
            os.utime(path)
        except FileNotFoundError:
            return None
        return data

    def put(self, name: str, data: bytes) -> None:
        """Store `data` under a relative path, unless it is larger than the whole budget."""
        if len(data) > self._budget:
            return
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._lock:
            write_atomic(path, data)
            self._make_room(path)

    def _make_room(self, newest: Path) -> None:
        found = []
        for path in self._folder.rglob("*"):
            with suppress(FileNotFoundError):
                status = path.stat()
                if S_ISREG(status.st_mode):
                    found.append((path == newest, status.st_mtime_ns, status.st_size, path))
        excess = sum(size for _, _, size, _ in found) - self._budget
        for _, _, size, path in sorted(found, key=lambda entry: entry[:2]):
            if excess <= 0:
                return
            path.unlink(missing_ok=True)
            excess -= size
