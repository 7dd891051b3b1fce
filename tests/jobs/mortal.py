"""A database whose holder can be killed, or interrupted by somebody else, at any of its transactions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from backend.db.engine import Database


class Killed(BaseException):  # noqa: N818
    """Where the process would be gone: nothing catches it but the test."""


@dataclass
class Fate:
    """What befalls the `count`-th write transaction from now: a kill just before or just after its commit, or
    somebody who writes before it begins."""

    count: int
    what: Literal["before commit", "after commit", "meddled"]
    meddle: Callable[[], object] = lambda: None


class MortalDatabase(Database):
    """`fate` is used up by what it does."""

    fate: Fate | None = None

    @contextmanager
    def write(self) -> Iterator[Session]:
        fate = self._due()
        if fate == "meddled" and self.fate:
            meddle, self.fate = self.fate.meddle, None
            meddle()
        with super().write() as session:
            yield session
            session.flush()
            if fate == "before commit":
                raise Killed
        if fate == "after commit":
            raise Killed

    def _due(self) -> str | None:
        if self.fate is None:
            return None
        self.fate.count -= 1
        return self.fate.what if self.fate.count == 0 else None
