"""Fetching cut-outs from a service into the cache: four at a time, at the rate that it permits.

An answer that is an image goes into the cache under its position, so that a job which was stopped or killed
asks only for what is missing. An answer that is not an image is never kept.
"""

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path

import httpx2

from backend.data.cutouts.answers import EmptyCutoutError, read_cutout
from backend.data.cutouts.pacing import Pacer, StoppedError, back_off_s, retry_after_s
from backend.data.cutouts.requests import CutoutRequests, Part, is_loopback
from backend.data.frames.limits import UnreadableImageError
from backend.data.importers.reporting import MAX_SKIPPED_SHARE, Reporter
from backend.data.incoming.partial_file import full_disk_errors
from backend.errors import DataError
from backend.files import try_lock, write_atomic
from shared.base.text import duration

CONNECTIONS = 4
TRIES = 5
MAX_IN_A_ROW = 8
"""Galaxies in a row that the service fails to serve before the job ends."""
MAX_WAIT_S = 900.0
"""A service that asks for a longer wait ends the job."""
ANSWER_S = 120.0
"""For one whole answer."""
POLL_S = 0.25
BUSY = (408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Target:
    """One galaxy and its requests."""

    row: int
    source_id: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Outcome:
    """How a galaxy went: the reason if it has no cut-out, and whether the service is to blame."""

    target: Target
    reason: str = ""
    by_service: bool = False


class ServiceError(Exception):
    """The service did not serve an image; `again` if a later try may succeed, at once or `after_s` later."""

    def __init__(self, reason: str, *, again: bool, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.again, self.after_s = again, after_s


def missing(targets: Sequence[Target], cache: Path) -> list[Target]:
    """The targets of which a part is not in the cache."""
    return [target for target in targets if not all((cache / part.file).exists() for part in target.parts)]


def fetch_all(
    requests: CutoutRequests,
    targets: Sequence[Target],
    cache: Path,
    reporter: Reporter,
    *,
    clock: Callable[[], float] = time.monotonic,
    strict: bool = True,
) -> dict[int, str]:
    """Fetch what the cache lacks; the reason for each row that stays without.

    DataError once over a tenth have failed (if `strict`), the service fails eight in a row, or the disk is
    full; ImportStopped. All of them keep the cache.
    """
    wanted = missing(targets, cache)
    if not wanted:
        return {}
    watch = _Watch(requests, len(targets), len(targets) - len(wanted), strict, clock)
    with _alone(requests, cache, reporter, wait=strict):
        _fetch_missing(_Fetcher(requests, cache), wanted, watch, reporter)
    return watch.failed


def _fetch_missing(
    fetcher: "_Fetcher", wanted: Sequence[Target], watch: "_Watch", reporter: Reporter
) -> None:
    same: dict[tuple[Part, ...], list[Target]] = {}
    for target in wanted:
        same.setdefault(target.parts, []).append(target)  # galaxies at one place share a cut-out
    outcomes: queue.SimpleQueue[Outcome | Exception] = queue.SimpleQueue()
    pool = ThreadPoolExecutor(CONNECTIONS, "cutouts")
    try:
        for targets in same.values():
            pool.submit(fetcher.run, targets[0], outcomes)
        while not watch.complete:
            watch.tick(reporter)
            try:
                outcome = outcomes.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if isinstance(outcome, Exception):
                raise outcome
            for target in same[outcome.target.parts]:
                watch.take(replace(outcome, target=target))
        watch.tick(reporter)
    finally:
        fetcher.stopped.set()
        pool.shutdown(cancel_futures=True)
        fetcher.close()


@contextmanager
def _alone(requests: CutoutRequests, cache: Path, reporter: Reporter, *, wait: bool) -> Iterator[None]:
    """Hold the service, so that a job and a preview do not ask it at twice the rate. Waits for its turn, or
    raises DataError."""
    title = requests.service.title
    cache.mkdir(parents=True, exist_ok=True)
    while (handle := try_lock(cache / f".{requests.survey.service}.lock")) is None:
        if not wait:
            why = f"Another job or preview is asking {title}, which permits {requests.per_s:g} a second"
            raise DataError("service_in_use", f"{why}; try again once it has ended.", "survey")
        reporter.tick(0, 0, f"Waiting: {title} is being asked already")
        time.sleep(POLL_S)
    try:
        yield
    finally:
        os.close(handle)


class _Watch:
    """Counts outcomes, reports them, and ends a job that cannot succeed."""

    def __init__(
        self,
        requests: CutoutRequests,
        total: int,
        cached: int,
        strict: bool,
        clock: Callable[[], float],
    ) -> None:
        self._requests, self._total, self._strict, self._clock = requests, total, strict, clock
        self._cached, self._began, self._in_a_row = cached, clock(), 0
        self.done = cached
        self.failed: dict[int, str] = {}

    @property
    def complete(self) -> bool:
        return self.done >= self._total

    def take(self, outcome: Outcome) -> None:
        self.done += 1
        if not outcome.reason:
            self._in_a_row = 0
            return
        self.failed[outcome.target.row] = outcome.reason
        self._in_a_row = self._in_a_row + 1 if outcome.by_service else 0
        kept = self.done - len(self.failed)
        host = httpx2.URL(self._requests.address).host
        if self._in_a_row >= min(MAX_IN_A_ROW, self._total):
            why = f"{host} failed {self._in_a_row} cut-outs in a row ({outcome.reason})"
            advice = f"{kept:,} of {self._total:,} are kept: start the job again later"
            raise DataError("service_failed", f"{why}; {advice}.", "survey")
        if self._strict and len(self.failed) > MAX_SKIPPED_SHARE * self._total:
            name = outcome.target.source_id
            why = f"{len(self.failed):,} of {self._total:,} cut-outs failed, last '{name}'"
            advice = f"{kept:,} are kept: start the job again, or with another survey"
            raise DataError("cutouts_failed", f"{why} ({outcome.reason}); {advice}.", "survey")

    def tick(self, reporter: Reporter) -> None:
        fetched, spent_s = self.done - self._cached, self._clock() - self._began
        words = f"Fetched {self.done:,} of {self._total:,} cut-outs"
        if fetched and spent_s > 0:
            rate = fetched / spent_s
            left_s = (self._total - self.done) / rate
            words += f", {rate:.1f} a second"
            reporter.tick(self.done, self._total, words, images_per_s=rate, eta_s=left_s)
        else:
            reporter.tick(self.done, self._total, words)


class _Fetcher:
    """Fetches in threads that share a client, a pace and a stop."""

    def __init__(self, requests: CutoutRequests, cache: Path) -> None:
        self._side, self._cache = requests.config.img_size, cache
        self.stopped = threading.Event()
        self._decoding = threading.Lock()  # decoders change the filters of warnings, which threads share
        self._pacer = Pacer(requests.per_s, self.stopped.wait)
        host = httpx2.URL(requests.address).host
        self._client = httpx2.Client(
            headers={"User-Agent": f"galaxyscope/{version('galaxyscope')}", "Accept-Encoding": "identity"},
            timeout=httpx2.Timeout(20, connect=10),
            limits=httpx2.Limits(max_connections=CONNECTIONS),
            trust_env=not is_loopback(host),  # proxies from the environment do not apply to loopback
        )

    def close(self) -> None:
        self._client.close()

    def run(self, target: Target, outcomes: "queue.SimpleQueue[Outcome | Exception]") -> None:
        """Fetch one galaxy; the outcome, or an error that ends the job, goes into the queue."""
        try:
            for part in target.parts:
                if not (self._cache / part.file).exists():
                    self._fetch(part)
            outcomes.put(Outcome(target))
        except EmptyCutoutError as error:
            outcomes.put(Outcome(target, str(error)))
        except ServiceError as error:
            outcomes.put(Outcome(target, str(error), by_service=True))
        except StoppedError:
            pass
        except Exception as error:  # noqa: BLE001 a thread's entry: the main thread raises it
            outcomes.put(error)

    def _fetch(self, part: Part) -> None:
        """Fetch one answer into the cache. Raises ServiceError, EmptyCutoutError, StoppedError, DataError."""
        for failures in range(1, TRIES + 1):
            self._pacer.wait()
            try:
                answer = self._answer(part)
                break
            except ServiceError as error:
                if not error.again or failures == TRIES:
                    raise
                if (error.after_s or 0) > MAX_WAIT_S:
                    raise self._too_long(part, error) from error
                self._pacer.hold(back_off_s(failures, error.after_s))
        try:
            with self._decoding:
                read_cutout(answer, part, self._side)
        except EmptyCutoutError:
            self._keep(part, answer)  # it is what the service has there
            raise
        except UnreadableImageError as error:
            raise ServiceError(str(error), again=False) from error
        self._keep(part, answer)

    def _answer(self, part: Part) -> bytes:
        """The body of one request. Raises ServiceError."""
        most = self._most_bytes(part)
        pieces: list[bytes] = []
        ends = time.monotonic() + ANSWER_S
        try:
            with self._client.stream("GET", part.url) as response:
                _check_status(response)
                for piece in response.iter_raw():
                    pieces.append(piece)
                    if sum(map(len, pieces)) > most:
                        raise ServiceError(f"an answer of over {most:,} bytes", again=False)
                    if time.monotonic() > ends:
                        raise ServiceError(f"an answer that took over {ANSWER_S:.0f} s", again=True)
                    if self.stopped.is_set():
                        raise StoppedError
        except httpx2.TransportError as error:
            why = str(error) or type(error).__name__
            raise ServiceError(f"the connection failed ({why})", again=True) from error
        return b"".join(pieces)

    def _most_bytes(self, part: Part) -> int:
        """What an image of this size may have at most."""
        return 2**20 + self._side**2 * (8 * len(part.bands) if part.bands else 3)

    def _keep(self, part: Part, answer: bytes) -> None:
        path = self._cache / part.file
        with full_disk_errors(self._cache):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, answer)

    def _too_long(self, part: Part, error: ServiceError) -> DataError:
        host, wait = httpx2.URL(part.url).host, duration(error.after_s)
        why = f"{host} asks to wait for {wait} ({error}); what was fetched is kept"
        return DataError("service_busy", f"{why}: start the job again then.", "survey")


def _check_status(response: httpx2.Response) -> None:
    status = response.status_code
    if status == HTTPStatus.OK:
        return
    if response.is_redirect:
        there = response.headers.get("location", "")[:80]
        raise ServiceError(f"the service redirects to {there}, which is not followed", again=False)
    after_s = retry_after_s(response.headers.get("retry-after"))
    raise ServiceError(f"the service answered {status}", again=status in BUSY, after_s=after_s)
