"""Files that can be made again, kept on disk under a budget of bytes."""

import os
import threading
from contextlib import suppress
from pathlib import Path

from backend.files import write_atomic


class ByteCache:
    """Named bytes in one folder; over `budget` bytes those go that were not asked for longest."""

    def __init__(self, folder: Path, budget: int) -> None:
        self._folder, self._budget = folder, budget
        self._lock = threading.Lock()

    def get(self, name: str) -> bytes | None:
        """What was put under a name, or None where it is not, or no longer, here."""
        path = self._folder / name
        try:
            data = path.read_bytes()
            os.utime(path)
        except FileNotFoundError:
            return None
        return data

    def put(self, name: str, data: bytes) -> None:
        """Keep `data` under a file name; what is larger than the whole budget is not kept."""
        if len(data) > self._budget:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._lock:
            write_atomic(self._folder / name, data)
            self._make_room(name)

    def _make_room(self, newest: str) -> None:
        found = []
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):
                status = path.stat()
                found.append((path.name == newest, status.st_mtime_ns, status.st_size, path))
        excess = sum(size for _, _, size, _ in found) - self._budget
        for _, _, size, path in sorted(found, key=lambda entry: entry[:2]):
            if excess <= 0:
                return
            path.unlink(missing_ok=True)
            excess -= size
