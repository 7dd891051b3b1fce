"""Numbers as a person reads them, the same in pages, commands and errors."""

from datetime import datetime

MINUTE, HOUR, DAY = 60, 3600, 86400


def duration(seconds: float | None) -> str:
    """At most two units: 0.034 s, 42 s, 3 min 20 s, 2 h 05 min, 1 d 4 h; "unknown" for None."""
    if seconds is None:
        return "unknown"
    if 0 < seconds < 1:
        return f"{seconds:.2g} s"
    whole = max(round(seconds), 0)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE:02d} s"
    if whole < DAY:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE:02d} min"
    return f"{whole // DAY} d {whole % DAY // HOUR} h"


def count(number: float) -> str:
    """Thousands grouped by a comma: 12,480."""
    return f"{round(number):,}"


def plural(number: int, noun: str) -> str:
    """A count with its noun: 1 core, 12 cores."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def short_count(number: float) -> str:
    """Three significant digits with k, M or G: 2.73 M."""
    for factor, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if number >= factor:
            return f"{number / factor:.3g}{letter}"
    return f"{number:.3g}"


def size(number: float) -> str:
    """Bytes in decimal units: 128 MB, 2.54 GB, 1,230 GB."""
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if number >= factor:
            return f"{count(number / factor) if number >= 1e12 else f'{number / factor:.3g}'} {unit}"
    return f"{round(number)} B"


def percent(share: float | None) -> str:
    """One decimal: 41.2 %; a dash for None."""
    return "–" if share is None else f"{100 * share:.1f} %"


def clock(at: datetime) -> str:
    """Local date and time, to the second."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
