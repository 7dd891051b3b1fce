"""A partial download, whose bytes outlive the process that fetched them.

```
<folder>/<filename>            the whole, verified file
<folder>/<filename>.part       the bytes so far; kept when stopped or interrupted
<folder>/<filename>.part.json  {url, validator} of those bytes, to request the rest of the same file
```
"""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.data.importers.reporting import Reporter
from backend.errors import DataError
from backend.files import read_json, write_json

PIECE_BYTES = 2**20


@dataclass(frozen=True)
class Published:
    """A file as its publisher describes it. `size_tolerance` is the share by which the true length may differ
    from a rounded one; `room_bytes` must be free besides, for the dataset made of it."""

    url: str
    sha256: str
    size_bytes: int
    filename: str
    room_bytes: int = 0
    size_tolerance: float = 0.0

    def may_have(self, size_bytes: int) -> bool:
        """Whether this is a possible length of the file."""
        return abs(size_bytes - self.size_bytes) <= self.size_tolerance * self.size_bytes

    @property
    def most_bytes(self) -> int:
        return int(self.size_bytes * (1 + self.size_tolerance))


@contextmanager
def full_disk_errors(folder: Path) -> Iterator[None]:
    """Turn what a full disk raises into a DataError; the job goes on from there when it is started again."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        why = f"The disk of {folder} is full; free some space and start the job again to go on."
        raise DataError("disk_full", why) from error


class PartialFile:
    """The bytes so far, their running digest, and which file of the server they belong to."""

    def __init__(self, published: Published, folder: Path, reporter: Reporter) -> None:
        self.published = published
        self.reporter = reporter
        self.target = folder / published.filename
        self._part = folder / f"{published.filename}.part"
        self._sidecar = folder / f"{published.filename}.part.json"
        self._digest = hashlib.sha256()
        known = read_json(self._sidecar) if self._part.exists() else None
        same = isinstance(known, dict) and known.get("url") == published.url
        self.validator: str | None = known.get("validator") if same and known else None
        self.size = self._part.stat().st_size if same else 0
        if self.size > published.most_bytes:
            self.size = 0
        self.total = published.size_bytes

    def __enter__(self) -> "PartialFile":
        self._file = self._part.open("r+b" if self._part.exists() else "w+b")
        self._file.truncate(self.size)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def is_right(self) -> bool:
        """Whether the bytes so far are the published file."""
        return self._digest.hexdigest() == self.published.sha256

    def is_complete(self) -> bool:
        """Whether the right file exists; a wrong one is removed."""
        if not self.target.exists():
            return False
        with self.target.open("rb") as file:
            for piece in iter(lambda: file.read(PIECE_BYTES), b""):
                self._digest.update(piece)
                self._tick(file.tell(), "Checking")
        complete = self.is_right()
        self._digest = hashlib.sha256()
        if not complete:
            self.target.unlink()
        return complete

    def rehash(self) -> None:
        """Add the bytes of an earlier call to the digest."""
        while self._file.tell() < self.size:
            self._digest.update(self._file.read(PIECE_BYTES))
            self._tick(self._file.tell(), "Checking earlier bytes:")

    def restart(self, validator: str | None) -> None:
        """Discard the bytes so far and start at zero."""
        self._file.seek(0)
        self._file.truncate()
        self._digest = hashlib.sha256()
        self.size, self.validator = 0, validator
        write_json(self._sidecar, {"url": self.published.url, "validator": validator})

    def append(self, data: bytes) -> None:
        """Write the next bytes; raises DataError if the file is too long, or ImportStopped."""
        before = self.size
        if self.size + len(data) > self.published.most_bytes:
            raise self.refusal(f"is longer than {self.published.most_bytes:,} bytes")
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)
        if self.size // PIECE_BYTES > before // PIECE_BYTES or self.reporter.should_stop():
            self._tick(self.size, "Downloaded")

    def finish(self) -> Path:
        """Rename the file if it is the published one, else remove it."""
        if not self.is_right():
            raise self.refusal(f"has SHA-256 {self._digest.hexdigest()}, not {self.published.sha256}")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._part.replace(self.target)
        self._sidecar.unlink(missing_ok=True)
        self._tick(self.size, "Downloaded and verified")
        return self.target

    def expect(self, size_bytes: int | None) -> None:
        """Check and store the length that the server states."""
        if size_bytes is None:
            return
        if not self.published.may_have(size_bytes):
            raise self.refusal(f"has {size_bytes:,} bytes, not {self.published.size_bytes:,}")
        self.total = size_bytes

    def refusal(self, what: str) -> DataError:
        """The error for a wrong file; removes its bytes."""
        self._part.unlink(missing_ok=True)
        self._sidecar.unlink(missing_ok=True)
        why = f"The file at {self.published.url} {what}: it is not {self.published.filename}, and was removed"
        return DataError("wrong_file", f"{why}; download it again, or from another address.")

    def _tick(self, done: int, doing: str) -> None:
        self.reporter.tick(done, self.total, f"{doing} {amount(done)} of {amount(self.total)}")


def amount(nbytes: int) -> str:
    """In GB, MB or bytes."""
    if nbytes >= 10**8:
        return f"{nbytes / 1e9:.2f} GB"
    return f"{nbytes / 1e6:.1f} MB" if nbytes >= 10**5 else f"{nbytes:,} bytes"
