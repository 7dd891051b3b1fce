"""Fetching a published file from real servers on this machine that drop, forget, lie and refuse."""

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.data.importers.reporting import ImportStopped
from backend.data.incoming.download import PUBLISHED, download
from backend.data.incoming.partial_file import Published
from backend.errors import DataError
from tests.data.conftest import raises

SIZE = 3_000_000
CONTENT = np.random.default_rng(0).bytes(SIZE)
OTHER = np.random.default_rng(1).bytes(SIZE)


@dataclass
class Site:
    """What a server has and how it behaves; `seen` are the Range headers asked for."""

    content: bytes = CONTENT
    etag: str | None = '"one"'
    ranges: bool = True
    honours_if_range: bool = True
    drop_after: list[int] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    states_length: bool = True
    seen: list[str | None] = field(default_factory=list)
    url: str = ""


class Handler(BaseHTTPRequestHandler):
    def __init__(self, site: Site, *args: Any) -> None:
        self.site = site
        super().__init__(*args)

    def log_message(self, *args: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:  # noqa: N802
        site, wanted = self.site, self.headers.get("Range")
        site.seen.append(wanted)
        if site.answers:
            status, headers = site.answers.pop(0)
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        unchanged = not site.honours_if_range or self.headers.get("If-Range") == site.etag
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if site.ranges and wanted and unchanged:
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(site.content) - 1}/{len(site.content)}")
        else:
            start = 0
            self.send_response(200)
        if site.etag:
            self.send_header("ETag", site.etag)
        if site.states_length:
            self.send_header("Content-Length", str(len(site.content) - start))
        self.end_headers()
        self._send(site.content[start:])

    def _send(self, body: bytes) -> None:
        """All of it, or as much as the plan allows before the line is cut."""
        try:
            if self.site.drop_after:
                self.wfile.write(body[: self.site.drop_after.pop(0)])
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
            else:
                self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


@pytest.fixture
def serve() -> Iterator[Callable[[Site], Site]]:
    """Starts servers on 127.0.0.1 and stops them."""
    servers: list[ThreadingHTTPServer] = []

    def start(site: Site) -> Site:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, site))
        server.daemon_threads = True
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        site.url = f"http://127.0.0.1:{server.server_port}/galaxies.h5"
        return site

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


class Watch:
    """Collects the reports, and stops after so many bytes."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.reports: list[tuple[int, int, str]] = []
        self.waited: list[float] = []
        self.stop_at = stop_at

    def progress(self, done: int, total: int, message: str) -> None:
        self.reports.append((done, total, message))

    def should_stop(self) -> bool:
        return self.stop_at is not None and any(done >= self.stop_at for done, _, _ in self.reports)

    @property
    def messages(self) -> str:
        return " | ".join(message for _, _, message in self.reports)


def published(site: Site, **changes: Any) -> Published:
    facts: dict[str, Any] = {
        "url": site.url,
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "size_bytes": SIZE,
        "filename": "galaxies.h5",
    }
    return Published(**{**facts, **changes})


def fetch(file: Published, folder: Path, watch: Watch | None = None, **options: Any) -> Path:
    watch = watch or Watch()
    return download(file, folder, watch.progress, watch.should_stop, sleep=watch.waited.append, **options)


Serve = Callable[[Site], Site]


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_file_arrives_whole_and_a_second_call_needs_no_server(serve: Serve, tmp_path: Path) -> None:
    site, watch = serve(Site()), Watch()
    path = fetch(published(site), tmp_path / "new", watch)
    assert path.read_bytes() == CONTENT
    assert left(tmp_path / "new") == {"galaxies.h5"}
    assert watch.reports[-1] == (SIZE, SIZE, "Downloaded and verified 3.0 MB of 3.0 MB")
    assert [done for done, _, _ in watch.reports] == sorted(done for done, _, _ in watch.reports)
    assert fetch(published(site), tmp_path / "new") == path
    assert site.seen == [None]


def test_a_dropped_connection_is_resumed(serve: Serve, tmp_path: Path) -> None:
    site, watch = serve(Site(drop_after=[1_000_000, 700_000])), Watch()
    assert fetch(published(site), tmp_path, watch).read_bytes() == CONTENT
    assert site.seen == [None, "bytes=1000000-", "bytes=1700000-"]
    assert "Connection lost at 1.0 MB" in watch.messages
    assert "in 1 s" in watch.messages
    assert sum(watch.waited) == 2.0  # progress between the two, so that the wait did not double


def test_an_absent_server_is_tried_five_times_and_the_bytes_are_kept(serve: Serve, tmp_path: Path) -> None:
    site, watch = serve(Site(drop_after=[1_000_000, 0, 0, 0, 0, 0])), Watch()
    with raises(DataError, "connection_lost", "5 times", "1.0 MB of 3.0 MB"):
        fetch(published(site), tmp_path, watch)
    assert sum(watch.waited) == 1 + 2 + 4 + 8 + 16
    assert fetch(published(site), tmp_path).read_bytes() == CONTENT
    assert site.seen[-1] == "bytes=1000000-"


def test_a_port_where_nobody_listens_is_named(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/x.h5"
    with raises(DataError, "connection_lost", "127.0.0.1", "5 times"):
        fetch(published(Site(url=url)), tmp_path)


def test_a_stop_keeps_the_bytes_and_the_next_call_resumes(serve: Serve, tmp_path: Path) -> None:
    site = serve(Site())
    with pytest.raises(ImportStopped):
        fetch(published(site), tmp_path, Watch(stop_at=1_048_576))
    assert left(tmp_path) == {"galaxies.h5.part", "galaxies.h5.part.json"}
    kept = (tmp_path / "galaxies.h5.part").stat().st_size
    assert 1_048_576 <= kept < SIZE
    watch = Watch()
    assert fetch(published(site), tmp_path, watch).read_bytes() == CONTENT
    assert site.seen == [None, f"bytes={kept}-"]
    assert watch.reports[0][2].startswith("Checking")
    assert left(tmp_path) == {"galaxies.h5"}


def test_a_stop_is_heard_while_waiting(serve: Serve, tmp_path: Path) -> None:
    site = serve(Site(answers=[(503, {"Retry-After": "60"})]))
    watch = Watch(stop_at=0)
    with pytest.raises(ImportStopped):
        fetch(published(site), tmp_path, watch)
    assert len(watch.waited) <= 1


def test_a_server_without_ranges_starts_over_and_reports_it(serve: Serve, tmp_path: Path) -> None:
    site, watch = serve(Site(ranges=False, drop_after=[1_000_000])), Watch()
    assert fetch(published(site), tmp_path, watch).read_bytes() == CONTENT
    assert site.seen == [None, "bytes=1000000-"]
    assert "from the beginning" in watch.messages


def test_a_wrong_file_is_removed_and_both_digests_are_named(serve: Serve, tmp_path: Path) -> None:
    site = serve(Site(content=OTHER))
    with pytest.raises(DataError) as caught:
        fetch(published(site), tmp_path)
    assert caught.value.code == "wrong_file"
    for content in (OTHER, CONTENT):
        assert hashlib.sha256(content).hexdigest() in caught.value.detail
    assert left(tmp_path) == set()


def test_a_file_of_another_length_is_refused_before_it_is_fetched(serve: Serve, tmp_path: Path) -> None:
    site, watch = serve(Site(content=b"<html>maintenance</html>")), Watch()
    with raises(DataError, "wrong_file", "24 bytes", "3,000,000"):
        fetch(published(site), tmp_path, watch)
    endless = serve(Site(content=CONTENT * 2, states_length=False))
    with raises(DataError, "wrong_file", "3,000,000 bytes"):
        fetch(published(endless), tmp_path)
    assert left(tmp_path) == set()


def test_a_rounded_size_leaves_the_verdict_to_the_digest(serve: Serve, tmp_path: Path) -> None:
    site = serve(Site(drop_after=[1_000_000]))
    about = published(site, size_bytes=2_900_000, size_tolerance=0.1)
    watch = Watch()
    assert fetch(about, tmp_path, watch).read_bytes() == CONTENT
    assert watch.reports[-1][:2] == (SIZE, SIZE)
    silent = serve(Site(states_length=False))
    assert (
        fetch(published(silent, size_bytes=2_900_000, size_tolerance=0.1), tmp_path / "b").stat().st_size
        == SIZE
    )


def test_a_file_that_changed_meanwhile_is_fetched_from_the_beginning(serve: Serve, tmp_path: Path) -> None:
    for honest in (True, False):
        folder = tmp_path / str(honest)
        site = serve(Site(content=OTHER, etag='"old"', honours_if_range=honest))
        with pytest.raises(ImportStopped):
            fetch(published(site), folder, Watch(stop_at=1_048_576))
        site.content, site.etag = CONTENT, '"new"'
        assert fetch(published(site), folder).read_bytes() == CONTENT


def test_a_part_of_another_address_is_not_resumed(serve: Serve, tmp_path: Path) -> None:
    first, second = serve(Site(content=OTHER)), serve(Site())
    with pytest.raises(ImportStopped):
        fetch(published(first), tmp_path, Watch(stop_at=1_048_576))
    assert fetch(published(second), tmp_path).read_bytes() == CONTENT
    assert second.seen == [None]


def test_a_part_that_was_whole_when_its_process_died_needs_no_server(serve: Serve, tmp_path: Path) -> None:
    site = serve(Site())
    with pytest.raises(ImportStopped):
        fetch(published(site), tmp_path, Watch(stop_at=1_048_576))
    (tmp_path / "galaxies.h5.part").write_bytes(CONTENT)
    assert fetch(published(site), tmp_path).read_bytes() == CONTENT
    assert site.seen == [None]


def test_a_busy_server_is_retried_after_its_delay(serve: Serve, tmp_path: Path) -> None:
    site, watch = serve(Site(answers=[(503, {"Retry-After": "7"})])), Watch()
    assert fetch(published(site), tmp_path, watch).read_bytes() == CONTENT
    assert sum(watch.waited) == 7.0
    assert "the server answered 503" in watch.messages


def test_a_permanent_refusal_is_raised_at_once(serve: Serve, tmp_path: Path) -> None:
    missing, closed = serve(Site(answers=[(404, {})])), serve(Site(answers=[(403, {})]))
    with raises(DataError, "not_published", "http://127.0.0.1", "404"):
        fetch(published(missing), tmp_path)
    with raises(DataError, "refused_by_server", "403"):
        fetch(published(closed), tmp_path)


def test_only_trusted_hosts_are_followed(serve: Serve, tmp_path: Path) -> None:
    there = serve(Site())
    here = serve(Site(answers=[(302, {"Location": there.url})]))
    assert fetch(published(here), tmp_path / "a").read_bytes() == CONTENT
    away = serve(Site(answers=[(302, {"Location": "http://evil.example/galaxies.h5"})]))
    with raises(DataError, "foreign_redirect", "127.0.0.1", "http://evil.example"):
        fetch(published(away), tmp_path / "b")
    round_about = serve(Site(answers=[(302, {"Location": "/again"})] * 9))
    with raises(DataError, "too_many_redirects", "5 times"):
        fetch(published(round_about), tmp_path / "c")


def test_a_disk_without_room_for_file_and_dataset_is_refused_first(serve: Serve, tmp_path: Path) -> None:
    site = serve(Site())
    wants = published(site, room_bytes=5_000_000)
    with raises(DataError, "disk_full", "8.0 MB", "7.9 MB"):
        fetch(wants, tmp_path, free_bytes=lambda folder: 7_900_000)
    assert site.seen == []
    assert fetch(wants, tmp_path, free_bytes=lambda folder: 8_000_000).exists()


def test_galaxy10_is_the_zenodo_record_or_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GALAXYSCOPE_GALAXY10_URL", raising=False)
    known = PUBLISHED["galaxy10"]()
    assert known.url == "https://zenodo.org/records/10845026/files/Galaxy10_DECals.h5"
    assert known.sha256.startswith("19aefc47")
    monkeypatch.setenv("GALAXYSCOPE_GALAXY10_URL", "http://127.0.0.1:1/g.h5")
    assert PUBLISHED["galaxy10"]().url == "http://127.0.0.1:1/g.h5"
    assert PUBLISHED["galaxy10"]().sha256 == known.sha256


def test_an_invalid_address_is_refused(tmp_path: Path) -> None:
    with raises(DataError, "bad_url", "ftp://x/y"):
        fetch(published(Site(url="ftp://x/y")), tmp_path)
