"""Progress of an import, its cancellation, and its findings: the receipt, and problems."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from backend.data.importers.names import counted
from backend.data.layout import SkipLog
from backend.errors import DataError, GalaxyscopeError
from shared.contract.datasets import ReceiptLine

MAX_SKIPPED_SHARE = 0.1
SETTINGS_NAMED = ("max_blank", "hdus", "band_files", "stretch")
"""Settings that the reason for leaving an image out may name."""


class ImportStopped(BaseException):
    """The import was cancelled and has left nothing behind. Like asyncio.CancelledError it is not an
    Exception, so that error handlers do not swallow it."""


@dataclass(frozen=True)
class Reporter:
    """`progress(done, total, message)` and `should_stop()` are called as work is done; a pace is given by
    keyword."""

    progress: Callable[..., None]
    should_stop: Callable[[], bool]

    def tick(self, done: int, total: int, message: str, **pace: float) -> None:
        """Report, or raise ImportStopped. `pace` may be images_per_s and eta_s."""
        if self.should_stop():
            raise ImportStopped(message)
        self.progress(done, total, message, **pace)


SILENT = Reporter(lambda *_, **__: None, lambda: False)
"""For previews, which report no progress."""


@dataclass
class Findings:
    """`receipt` says what an import reads, skips and assumes, `problems` what prevents it; with `strict` the
    first is raised."""

    strict: bool
    receipt: list[ReceiptLine] = field(default_factory=list)
    problems: list[GalaxyscopeError] = field(default_factory=list)

    def read(self, text: str, count: int | None = None) -> None:
        """Note what is taken from the source, and how it is treated."""
        self.receipt.append(ReceiptLine(kind="read", text=text, count=count))

    def skipped(self, count: int, noun: str, why: str, first: str) -> None:
        """Note that `count` things of the source are not used: `Left out: 3 images in subfolders, first
        'a/b.png'.`"""
        text = f"Left out: {counted(count, noun)} {why}, first '{first[-100:]}'."
        self.receipt.append(ReceiptLine(kind="skipped", text=text, count=count, first=first[-160:]))

    def assumed(self, text: str, field: str | None = None) -> None:
        """Note a choice that nobody made; `field` is the setting that makes it."""
        self.receipt.append(ReceiptLine(kind="assumed", text=text, field=field))

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Keep an error of the block as a problem, unless strict."""
        try:
            yield
        except GalaxyscopeError as error:
            if self.strict:
                raise
            self.problems.append(error)


def refuse_many(skipped: SkipLog, total: int, what: str = "images") -> None:
    """DataError if over a tenth of `total` images are left out."""
    if skipped.count > MAX_SKIPPED_SHARE * total:
        first = skipped.first[0]
        why = f"{skipped.count:,} of {total:,} {what} cannot be used, first '{first.source}' ({first.reason})"
        setting = next((name for name in SETTINGS_NAMED if name in first.reason), None)
        advice = f"change {setting}, or replace or remove them" if setting else "replace or remove them"
        raise DataError("unreadable_images", f"{why}; {advice}.", setting or "path")
