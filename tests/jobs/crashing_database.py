"""A database that can simulate a kill, or another writer, at any of its write transactions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from backend.db.engine import Database


class Killed(BaseException):  # noqa: N818
    """Stands for the end of the process; only the test catches it."""


@dataclass
class Crash:
    """An event at the `count`-th write transaction from now: a kill just before or after its commit, or
    another writer before it begins."""

    count: int
    what: Literal["before commit", "after commit", "interference"]
    interfere: Callable[[], object] = lambda: None


class CrashingDatabase(Database):
    """`crash` happens once."""

    crash: Crash | None = None

    @contextmanager
    def write(self) -> Iterator[Session]:
        due = self._due()
        if due == "interference" and self.crash:
            interfere, self.crash = self.crash.interfere, None
            interfere()
        with super().write() as session:
            yield session
            session.flush()
            if due == "before commit":
                raise Killed
        if due == "after commit":
            raise Killed

    def _due(self) -> str | None:
        if self.crash is None:
            return None
        self.crash.count -= 1
        return self.crash.what if self.crash.count == 0 else None
