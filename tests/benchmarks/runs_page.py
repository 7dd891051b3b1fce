"""How long the Runs page takes with 200 runs, from navigation until every row stands and a press is answered.

A real server, a real Chromium, wanted: 1 s. Beside it what cannot be undercut, a Streamlit page that draws
one word, and the requests that the server answers in between.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import httpx2
from playwright.sync_api import Page, sync_playwright

from backend.db.engine import open_database
from backend.db.models import RunRow
from backend.settings import Settings
from shared.configs import PretrainConfig
from shared.configs.presets import PRESETS
from shared.contract.endpoints import API

RUNS, VISITS = 200, 9
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
ROWS = """n => {
  const roots = [...document.querySelectorAll("*")].map((node) => node.shadowRoot).filter(Boolean)
  const table = roots.map((root) => root.querySelector(".gx-runs_table")).find(Boolean)
  return table && table.querySelectorAll("tbody tr").length === n
}"""
BYTES = """() => performance.getEntriesByType("resource").filter((one) => one.name.includes("/api/"))
  .reduce((sum, one) => sum + one.transferSize, 0)"""


def make_home(home: Path) -> None:
    """200 pretrainings as they stand after a month: figures, names, tags, three in the queue."""
    settings = Settings(home=home).prepare()
    database = open_database(settings.database_path)
    config = PretrainConfig(dataset="efigi", **PRESETS["laptop-base"].values).model_dump(mode="json")
    keys = [
        f"val/{probe}_{kind}" for probe in ("linear", "knn") for kind in ("accuracy", "balanced_accuracy")
    ]
    figures = dict.fromkeys([*keys, "val/loss", "val/rankme", "train/loss", "train/lr"], 0.5)
    now = datetime.now(UTC)
    with database.write() as session:
        for place in range(RUNS):
            at = now - timedelta(hours=place)
            session.add(
                RunRow(
                    id=f"benched-run-{place}",
                    kind="pretrain",
                    lane="train",
                    name=f"seed {place % 3}, ratio {place % 7}" if place % 2 else None,
                    tags=["paper"] if place % 5 == 0 else [],
                    state="queued" if place < 3 else "failed" if place % 9 == 0 else "succeeded",
                    state_changed_at=at,
                    preset="laptop-base",
                    dataset="efigi",
                    config=config | {"seed": place},
                    queue_rank=RUNS - place,
                    created_at=at,
                    started_at=at,
                    ended_at=at + timedelta(minutes=50),
                    progress={"step": 378, "total_steps": 378, "images_per_s": 460.0},
                    latest_metrics=figures,
                    initial_metrics=figures,
                    disk_bytes=60_000_000,
                )
            )
    database.close()


@contextmanager
def serving(command: list[str], port: int, **environment: str) -> Iterator[str]:
    """A process that listens on `port`, ended with the block; its address."""
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                httpx2.get(url, trust_env=False)
                break
            except httpx2.TransportError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    with tempfile.TemporaryDirectory() as place, sync_playwright() as player:
        make_home(Path(place) / "home")
        browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(120_000)
        print(f"{RUNS} runs, 1440 × 900, median (best, worst) of {VISITS}; load {os.getloadavg()[0]:.1f}")
        floor(page, Path(place))
        port = free_port()
        command = [sys.executable, "-m", "backend.cli", "web", "--port", str(port)]
        with serving(command, port, GALAXYSCOPE_HOME=str(Path(place) / "home")) as url:
            visits(page, url)
            ask_server(url + API)
        browser.close()


def floor(page: Page, place: Path) -> None:
    script, port = place / "one_word.py", free_port()
    script.write_text(
        'import streamlit as st\nst.markdown("<b class=word>one</b>", unsafe_allow_html=True)\n'
    )
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    quiet = ["--server.headless", "true", "--browser.gatherUsageStats", "false"]
    with serving([*command, *quiet], port) as url:
        found = []
        for _ in range(VISITS + 1):
            start = time.perf_counter()
            page.goto(url)
            page.wait_for_selector(".word")
            found.append(time.perf_counter() - start)
        say("floor: a Streamlit page of one word", found[1:])


def visits(page: Page, url: str) -> None:
    """The first visit starts the page's script and fills the browser's cache."""
    rows, usable = [], []
    for _ in range(VISITS + 1):
        start = time.perf_counter()
        page.goto(url)
        page.wait_for_function(ROWS, arg=RUNS)
        rows.append(time.perf_counter() - start)
        page.locator("[data-focus='pause train'], [data-focus='resume train']").click()
        page.get_by_text("queue paused.").or_(page.get_by_text("queue resumed.")).wait_for()
        usable.append(time.perf_counter() - start)
    say("navigation until every row stands", rows[1:])
    say("and the queue has answered a press", usable[1:])
    print(f"  of the API on one visit{page.evaluate(BYTES) / 1000:32.0f} kB")


def ask_server(url: str) -> None:
    http = httpx2.Client(trust_env=False, timeout=30)
    for name, path in (("the list", f"/runs?limit={RUNS}"), ("queue", "/queue"), ("disk", "/disk")):
        answer = http.get(url + path)
        answer.raise_for_status()
        took = timed(lambda p=path: http.get(url + p))  # type: ignore[misc]
        print(f"  server: {name:20s}{len(answer.content) / 1000:9.0f} kB{1000 * median(took):10.0f} ms")


def timed(work: Callable[[], object], repeats: int = 9) -> list[float]:
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return found


def say(name: str, found: list[float]) -> None:
    print(f"  {name:40s}{median(found):8.2f} s ({min(found):.2f}, {max(found):.2f})")


if __name__ == "__main__":
    main()
