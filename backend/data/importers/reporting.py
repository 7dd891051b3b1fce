"""Progress of an import, its cancellation, and its findings."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from backend.data.layout import SkipLog
from backend.errors import DataError, GalaxyscopeError

MAX_SKIPPED_SHARE = 0.1


class ImportStopped(BaseException):
    """The import was cancelled and has left nothing behind. Like asyncio.CancelledError it is not an
    Exception, so that error handlers do not swallow it."""


@dataclass(frozen=True)
class Reporter:
    """`progress(done, total, message)` and `should_stop()` are called as work is done."""

    progress: Callable[[int, int, str], None]
    should_stop: Callable[[], bool]

    def tick(self, done: int, total: int, message: str) -> None:
        """Report, or raise ImportStopped."""
        if self.should_stop():
            raise ImportStopped(message)
        self.progress(done, total, message)


SILENT = Reporter(lambda *_: None, lambda: False)
"""For previews, which report no progress."""


@dataclass
class Findings:
    """`notes` say what an import will do, `problems` what prevents it; with `strict` the first is raised."""

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
    """DataError if over a tenth of `total` images are left out."""
    if skipped.count > MAX_SKIPPED_SHARE * total:
        first = skipped.first[0]
        why = f"{skipped.count:,} of {total:,} images cannot be used, first '{first.source}' ({first.reason})"
        raise DataError("unreadable_images", f"{why}; replace or remove them.", "path")
