"""A real server with a real supervisor on a temporary home, and a headless Chromium in front of it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from frontend.api.client import BackendLostError, Client
from shared.base.states import TERMINAL, RunState
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.runs import RunRequest
from tests.cutout_service import CutoutSite, cutout_service

PATIENCE_S = 400
expect.set_options(timeout=1000 * PATIENCE_S)


@dataclass
class Site:
    """The running server: where it is, its home, and a client to look behind the page."""

    url: str
    home: Path
    client: Client

    def run_to_the_end(self, request: RunRequest) -> RunState:
        """Queues a job and waits until it has ended."""
        return self.wait_for_end(self.client.call(endpoints.CREATE_RUN, body=request).id)

    def wait_for_end(self, run_id: str) -> RunState:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            state = self.client.call(endpoints.GET_RUN, run_id=run_id).state
            if state in TERMINAL:
                return state
            time.sleep(0.2)
        pytest.fail(f"{run_id} did not end within {PATIENCE_S} s")


@dataclass
class Visit:
    """One tab, with what went wrong in it and whom it asked besides the server."""

    page: Page
    url: str
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def note_words(self, message: ConsoleMessage) -> None:
        if "BidiComponent Error" in message.text:  # a component that cannot start: a red box
            self.errors.append(message.text)

    def note_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != urlsplit(self.url).netloc:
            self.strangers.append(request.url)

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)
        self.page.wait_for_selector(".gx-header nav a[aria-current]")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def surveys() -> Iterator[CutoutSite]:
    """A service of cut-outs, which the server takes for CDS hips2fits."""
    with cutout_service() as service:
        yield service


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, surveys: CutoutSite) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("home")
    port = free_port()
    incoming = home / "incoming"
    incoming.mkdir()
    roots = os.pathsep.join([str(incoming), *filter(None, [os.environ.get("GALAXYSCOPE_TEST_DATA")])])
    environment = os.environ | {
        "GALAXYSCOPE_HOME": str(home),
        "GALAXYSCOPE_DATA_ROOTS": roots,
        "GALAXYSCOPE_HIPS2FITS_URL": surveys.url,
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "backend.cli", "up", "--port", str(port)]
    with (home / "up.log").open("wb") as log:
        server = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
    client = Client(f"http://127.0.0.1:{port}")
    try:
        wait_until_healthy(client, server, home / "up.log")
        site = Site(f"http://127.0.0.1:{port}", home, client)
        made = site.run_to_the_end(
            RunRequest(kind=RunKind.SIMULATE, config={"name": "sky", "n": 200, "img_size": 32})
        )
        assert made is RunState.SUCCEEDED
        yield site
    finally:
        end_everything(client, server)


@pytest.fixture(scope="session")
def encoder(site: Site) -> str:
    """A run of one epoch on the simulated galaxies; its seed is its own, as features are kept by weights."""
    widths: dict[str, Any] = dict.fromkeys(("embed_dim", "decoder_embed_dim", "batch_size"), 32)
    ones = dict.fromkeys(("depth", "num_heads", "decoder_depth", "decoder_num_heads", "epochs"), 1)
    config = {"dataset": "sky", "img_size": 32, "patch_size": 8, "warmup_epochs": 0, "sample_count": 2}
    config |= {"seed": 5}
    request = RunRequest(kind=RunKind.PRETRAIN, config=config | widths | ones, name="to be judged")
    assert site.run_to_the_end(request) is RunState.SUCCEEDED
    return next(run.id for run in site.client.call(endpoints.LIST_RUNS) if run.name == "to be judged")


def wait_until_healthy(client: Client, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if client.call(endpoints.GET_HEALTH).supervisor_alive:
                return
        except BackendLostError:
            pass
        time.sleep(0.2)
    pytest.fail("the server did not come up:\n" + log.read_text(errors="replace")[-3000:])


def end_everything(client: Client, server: subprocess.Popen[bytes]) -> None:
    """Ends the server and every process below it, workers in sessions of their own included."""
    family = psutil.Process(server.pid).children(recursive=True) if server.poll() is None else []
    server.terminate()
    try:
        server.wait(timeout=20)
    except subprocess.TimeoutExpired:
        server.kill()
    for process in family:
        if process.is_running():
            process.kill()


@pytest.fixture
def visit(chromium: Browser, site: Site) -> Iterator[Visit]:
    """A fresh tab of 1440 × 900 in the dark theme."""
    yield from open_tab(chromium, site, width=1440, height=900, theme="dark")


@pytest.fixture
def phone(chromium: Browser, site: Site) -> Iterator[Visit]:
    """A fresh tab of 390 × 844 in the light theme."""
    yield from open_tab(chromium, site, width=390, height=844, theme="light")


def open_tab(chromium: Browser, site: Site, *, width: int, height: int, theme: str) -> Iterator[Visit]:
    scheme = "dark" if theme == "dark" else "light"
    context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE_S)
    tab = Visit(page, site.url)
    page.on("pageerror", lambda error: tab.errors.append(str(error)))
    page.on("console", tab.note_words)
    page.on("request", tab.note_request)
    yield tab
    context.close()
    assert tab.errors == []
    assert tab.strangers == [], "a page must not ask any other machine"
