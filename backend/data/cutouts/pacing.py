"""When a service may be asked: so many times a second, and not while it has asked to be left alone."""

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 120.0


class StoppedError(Exception):
    """The job was stopped while a thread waited."""


class Pacer:
    """One clock for all threads that ask a service.

    `pause(seconds)` waits, and says whether the job has been stopped meanwhile.
    """

    def __init__(
        self,
        per_s: float,
        pause: Callable[[float], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._interval = 1 / per_s
        self._pause, self._clock = pause, clock
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait for the next turn. Raises StoppedError."""
        while True:
            with self._lock:
                now = self._clock()
                wait_s = self._next - now
                if wait_s <= 0:
                    self._next = now + self._interval
                    break
            if self._pause(wait_s):
                raise StoppedError
        if self._pause(0):
            raise StoppedError

    def hold(self, seconds: float) -> None:
        """Nobody asks for so long."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds)


def back_off_s(failures: int, after_s: float | None, draw: Callable[[], float] = random.random) -> float:
    """Seconds to wait after so many failures in a row: doubled each time, with jitter, unless the service has
    said when (`after_s`)."""
    doubled: float = min(FIRST_WAIT_S * 2 ** (failures - 1), LONGEST_WAIT_S)
    jittered = doubled * (0.5 + draw())
    return jittered if after_s is None else max(after_s, jittered / 2)


def retry_after_s(header: str | None) -> float | None:
    """Seconds of a Retry-After header, which holds seconds or a date (RFC 9110, 10.2.3); None without one."""
    if not header:
        return None
    if header.strip().isdecimal():
        return float(header.strip()[:12])  # 12 digits are for ever
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max((at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds(), 0.0)
