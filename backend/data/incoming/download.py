"""Downloading a published file over HTTP: resumed after interruptions, accepted only if its SHA-256
matches."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path

import httpx2

from backend.data.importers.reporting import Reporter
from backend.data.incoming.partial_file import PartialFile, Published, amount, full_disk_errors
from backend.errors import DataError

__all__ = ["PUBLISHED", "Published", "download", "galaxy10"]

TRIES = 5
"""Failures in a row, without a new byte, before giving up."""
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 120.0
SLICE_S = 0.5
MAX_REDIRECTS = 5
TRUSTED_HOST = "zenodo.org"
BUSY = (408, 425, 429, 500, 502, 503, 504)
GALAXY10_URL = "https://zenodo.org/records/10845026/files/Galaxy10_DECals.h5"


def galaxy10() -> Published:
    """Galaxy10 DECaLS (Zenodo record 10845026), or the mirror in GALAXYSCOPE_GALAXY10_URL."""
    return Published(
        url=os.environ.get("GALAXYSCOPE_GALAXY10_URL") or GALAXY10_URL,
        sha256="19aefc477c41bb7f77ff07599a6b82a038dc042f889a111b0d4d98bb755c1571",
        size_bytes=2_540_000_000,
        size_tolerance=0.1,
        filename="Galaxy10_DECals.h5",
        room_bytes=3_500_000_000,
    )


PUBLISHED: dict[str, Callable[[], Published]] = {"galaxy10": galaxy10}
"""By the `source` of a DownloadConfig."""


def download(
    published: Published,
    folder: Path,
    progress: Callable[[int, int, str], None],
    should_stop: Callable[[], bool],
    *,
    sleep: Callable[[float], None] = time.sleep,
    free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
) -> Path:
    """`<folder>/<filename>`, downloaded and verified, unless it exists already.

    Resumes dropped connections if the server allows it. DataError if the server refuses, does not answer or
    sends another file, or the disk is too small. ImportStopped once should_stop() is true; as after a lost
    connection, the next call resumes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    reporter = Reporter(progress, should_stop)
    transfer = PartialFile(published, folder, reporter)
    if transfer.is_complete():
        return transfer.target
    _check_free(transfer, free_bytes(folder))
    with full_disk_errors(folder), transfer:
        transfer.rehash()
        if not transfer.is_right():
            _fetch_all(transfer, sleep)
        return transfer.finish()


class _InterruptedError(Exception):
    """The transfer was interrupted; `after_s` is the server's Retry-After."""

    def __init__(self, reason: str, after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.after_s = after_s


def _fetch_all(transfer: PartialFile, sleep: Callable[[float], None]) -> None:
    failures, furthest = 0, transfer.size
    with _client(transfer.published.url) as client:
        while True:
            try:
                return _fetch(client, transfer)
            except _InterruptedError as error:
                failures = 0 if transfer.size > furthest else failures + 1
                furthest = max(furthest, transfer.size)
                if failures >= TRIES:
                    raise _gave_up(transfer, error) from error
                _wait(transfer, error, failures, sleep)


def _fetch(client: httpx2.Client, transfer: PartialFile) -> None:
    """Request the missing bytes once; _InterruptedError if not all of them arrive."""
    headers = {"Accept-Encoding": "identity"}
    if transfer.size:
        headers["Range"] = f"bytes={transfer.size}-"
        if transfer.validator:
            headers["If-Range"] = transfer.validator
    try:
        with _answer(client, transfer.published.url, headers) as response:
            stated = _place(response, transfer)
            for data in response.iter_raw():
                transfer.append(data)
    except httpx2.TransportError as error:
        raise _InterruptedError(str(error) or type(error).__name__) from error
    if stated is not None and transfer.size < stated:
        raise _InterruptedError("the response ended early")


@contextmanager
def _answer(client: httpx2.Client, url: str, headers: dict[str, str]) -> Iterator[httpx2.Response]:
    """The response of `url`; trusted redirects are followed."""
    here = httpx2.URL(url)
    for _ in range(MAX_REDIRECTS + 1):
        with client.stream("GET", here, headers=headers) as response:
            if not response.is_redirect:
                yield response
                return
            there = here.join(response.headers["location"])
        if not _trusted(httpx2.URL(url), there):
            why = f"{here.host} redirects to {there.scheme}://{there.host}, which is not trusted"
            advice = "set GALAXYSCOPE_GALAXY10_URL to the file's own address"
            raise DataError("foreign_redirect", f"{why}; {advice}.")
        here = there
    raise DataError("too_many_redirects", f"{url} redirects over {MAX_REDIRECTS} times; check the address.")


def _trusted(origin: httpx2.URL, there: httpx2.URL) -> bool:
    """The same host, unless the step is from https to http, or Zenodo."""
    zenodo = there.host == TRUSTED_HOST or there.host.endswith(f".{TRUSTED_HOST}")
    if there.scheme == "https":
        return zenodo or there.host == origin.host
    return there.scheme == "http" == origin.scheme and (
        there.host == origin.host or (_is_loopback(there.host) and _is_loopback(origin.host))
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _place(response: httpx2.Response, transfer: PartialFile) -> int | None:
    """The length of the file, if stated; sets the transfer to where the response begins. Raises for any other
    status."""
    if response.status_code == HTTPStatus.PARTIAL_CONTENT:
        start, total = _content_range(response)
        transfer.expect(total)
        now = _validator(response)
        if transfer.validator and now and now != transfer.validator:
            transfer.restart(None)
            raise _InterruptedError("the file on the server has changed")
        if start != transfer.size:
            transfer.restart(None)
            raise _InterruptedError(f"the server sent bytes from {start}")
        return total
    if response.status_code == HTTPStatus.OK:
        length = response.headers.get("content-length", "")
        total = int(length) if length.isdecimal() else None
        transfer.expect(total)
        if transfer.size:
            restarted = "The server sends the file from the beginning: starting over"
            transfer.reporter.tick(0, transfer.total, restarted)
        transfer.restart(_validator(response))
        return total
    if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and transfer.size:
        transfer.restart(None)
        raise _InterruptedError("the server has no more bytes")
    raise _refusal(response, transfer.published.url)


def _content_range(response: httpx2.Response) -> tuple[int | None, int | None]:
    """Start and total of `bytes 200-999/1000`; None if not stated."""
    span, _, total = response.headers.get("content-range", "").removeprefix("bytes ").partition("/")
    start = span.partition("-")[0]
    return int(start) if start.isdecimal() else None, int(total) if total.isdecimal() else None


def _validator(response: httpx2.Response) -> str | None:
    """The value for If-Range (RFC 9110, 13.1.5): a strong ETag, else the date of the last change."""
    etag = response.headers.get("etag", "")
    strong: str | None = etag if etag and not etag.startswith("W/") else None
    return strong or response.headers.get("last-modified")


def _refusal(response: httpx2.Response, url: str) -> Exception:
    status, host = response.status_code, httpx2.URL(url).host
    if status in BUSY:
        after = response.headers.get("retry-after", "")
        return _InterruptedError(f"the server answered {status}", float(after) if after.isdecimal() else 0.0)
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return DataError("not_published", f"{host} has no file at {url} ({status}); check the address.")
    why = f"{host} refuses {url} with status {status}; open it in a browser to see why."
    return DataError("refused_by_server", why)


def _client(url: str) -> httpx2.Client:
    target = httpx2.URL(url)
    if target.scheme not in ("http", "https") or not target.host:
        raise DataError("bad_url", f"{url} is not the address of a file; give one that begins with https://.")
    # Proxies from the environment do not apply to loopback.
    return httpx2.Client(timeout=httpx2.Timeout(30, connect=10), trust_env=not _is_loopback(target.host))


def _wait(
    transfer: PartialFile, error: _InterruptedError, failures: int, sleep: Callable[[float], None]
) -> None:
    """Wait longer after each failure, or as long as the server requests; checks for a stop meanwhile."""
    wait_s = min(max(error.after_s, FIRST_WAIT_S * 2**failures), LONGEST_WAIT_S)
    message = f"Connection lost at {amount(transfer.size)} ({error}); retrying in {wait_s:.0f} s"
    for _ in range(round(wait_s / SLICE_S)):
        transfer.reporter.tick(transfer.size, transfer.total, message)
        sleep(SLICE_S)


def _gave_up(transfer: PartialFile, error: _InterruptedError) -> DataError:
    host, done = httpx2.URL(transfer.published.url).host, amount(transfer.size)
    why = f"{host} failed {TRIES} times in a row ({error}); {done} of {amount(transfer.total)} are kept"
    return DataError("connection_lost", f"{why}: start the download again to resume.")


def _check_free(transfer: PartialFile, free: int) -> None:
    published = transfer.published
    needed = published.size_bytes - transfer.size + published.room_bytes
    if needed > free:
        why = f"{published.filename} and the dataset made of it need {amount(needed)} more"
        advice = f"{amount(free)} are free in {transfer.target.parent}; free some space"
        raise DataError("disk_full", f"{why}, but {advice}.")
