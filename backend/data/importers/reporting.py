"""How an import says how far it is, and hears that it should stop."""

from collections.abc import Callable
from dataclasses import dataclass


class ImportStopped(BaseException):
    """The import was told to stop and has left nothing behind.

    Like asyncio.CancelledError it is no Exception: nothing that handles errors should swallow it.
    """


@dataclass(frozen=True)
class Reporter:
    """`progress(done, total, message)` is called as work is done; `should_stop()` is asked as often."""

    progress: Callable[[int, int, str], None]
    should_stop: Callable[[], bool]

    def tick(self, done: int, total: int, message: str) -> None:
        """Report, or raise ImportStopped."""
        if self.should_stop():
            raise ImportStopped(message)
        self.progress(done, total, message)
