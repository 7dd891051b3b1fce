"""How an import says how far it is, hears that it should stop, and gathers what it finds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from backend.data.layout import SkipLog
from backend.errors import DataError, GalaxyscopeError

MAX_SKIPPED_SHARE = 0.1


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


SILENT = Reporter(lambda *_: None, lambda: False)
"""For a look at a source, which nobody follows."""


@dataclass
class Findings:
    """What looking at a source brought up. `notes` say what will be done, `problems` what stands against it;
    a `strict` one has none, since the first is raised."""

    strict: bool
    notes: list[str] = field(default_factory=list)
    problems: list[GalaxyscopeError] = field(default_factory=list)

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Keep an error of the block as a problem, unless strict."""
        try:
            yield
        except GalaxyscopeError as error:
            if self.strict:
                raise
            self.problems.append(error)


def refuse_many(skipped: SkipLog, total: int) -> None:
    """DataError where over a tenth of `total` images are left out."""
    if skipped.count > MAX_SKIPPED_SHARE * total:
        first = skipped.first[0]
        raise DataError(
            "unreadable_images",
            f"{skipped.count:,} of {total:,} images cannot be used, first '{first.source}' ({first.reason}); "
            "replace or remove them.",
            "path",
        )
