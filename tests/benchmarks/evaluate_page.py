"""How long a press on a confusion cell takes until its galaxies are seen, of 17,736 predictions.

A real server, a real Chromium; beside it what cannot be undercut: the same press in a Streamlit page whose
fragment draws one number, and the requests that the server answers in between.
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
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import httpx2
import numpy as np
from playwright.sync_api import Page, sync_playwright

from backend.data.importers import import_dataset
from backend.data.store import GalaxyStore, describe
from backend.db.engine import Database, open_database
from backend.db.models import RunRow
from backend.files import EVERYWHERE
from backend.jobs.queue import change_state
from backend.jobs.registry import register
from backend.jobs.run_dir import RunDir
from backend.settings import Settings
from backend.stats.judging import judge
from backend.stats.predictions import Predictions, joined
from shared.base.states import RunState
from shared.base.vocabulary import SPLIT_CODES, Basis, Head, Split
from shared.configs import ImportConfig, PretrainConfig, ProbeConfig
from shared.configs.kinds import RunKind
from shared.contract.endpoints import API
from tests.homes import enqueue

N, SIDE, CLASSES, PRESSES = 17_736, 64, 10, 15
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
EMPTY_PAGE = """
import streamlit as st

@st.fragment
def count():
    if st.button("again"):
        st.session_state["n"] = st.session_state.get("n", 0) + 1
    st.markdown(f"<span class='n'>{st.session_state.get('n', 0)}</span>", unsafe_allow_html=True)

count()
"""
UNTIL_COUNTED = """async () => {
  const number = () => document.querySelector(".n")?.textContent
  const before = number(), start = performance.now()
  document.querySelector(".stButton button").click()
  while (number() === before || number() === undefined) await new Promise(requestAnimationFrame)
  return performance.now() - start
}"""
UNTIL_SHOWN = """async ([i, j]) => {
  const roots = [...document.querySelectorAll("*")].map((node) => node.shadowRoot).filter(Boolean)
  const inside = (kind) => roots.map((root) => root.querySelector(kind)).find(Boolean)
  const grid = inside(".gx-prediction_grid"), cell = inside(`[data-cell="${i} ${j}"]`)
  const rows = () => [...grid.querySelectorAll(".tile")].map((tile) => tile.dataset.row).join()
  const box = (image) => image.getBoundingClientRect()
  const seen = ({ top, bottom }) => bottom > 0 && top < innerHeight
  const inView = () => [...grid.querySelectorAll("img")].filter((image) => seen(box(image)))
  const before = rows(), start = performance.now()
  cell.click()
  while (rows() === before) await new Promise(requestAnimationFrame)
  const tiles = performance.now() - start
  const missing = (image) => !image.complete || !image.naturalWidth
  while (inView().some(missing)) await new Promise(requestAnimationFrame)
  return [tiles, performance.now() - start, inView().length]
}"""


def make_home(home: Path) -> str:
    """A home with a dataset of noise, an encoder's run and one evaluation of every row; its id."""
    settings = Settings(home=home).prepare()
    database = open_database(settings.database_path)
    path = make_dataset(database, settings)
    encoder = enqueue(database, settings.runs_dir, RunKind.PRETRAIN, PretrainConfig(dataset="noise"))
    lead(database, encoder, RunState.STARTING, RunState.RUNNING, RunState.SUCCEEDED)
    evaluation = make_evaluation(database, settings, encoder, path)
    database.close()
    return evaluation


def make_dataset(database: Database, settings: Settings) -> Path:
    rng = np.random.default_rng(0)
    source = settings.home / "noise.npz"
    np.savez(
        source,
        images=rng.integers(0, 255, (N, SIDE, SIDE, 3), dtype=np.uint8),
        labels=rng.integers(0, CLASSES, N),
        ra=rng.uniform(0, 360, N),
        dec=np.degrees(np.arcsin(rng.uniform(-0.5, 0.9, N))),
    )
    config = ImportConfig(path=str(source), name="noise")
    path = import_dataset(
        config, settings.datasets_dir, "bench", lambda *_: None, lambda: False, roots=EVERYWHERE
    )
    source.unlink()
    run_id = enqueue(database, settings.runs_dir, RunKind.IMPORT, config)
    info = describe(path, "noise").model_dump(mode="json")
    with database.write() as session:
        register(session, session.get_one(RunRow, run_id), {"dataset": info, "file": path.name})
    lead(database, run_id, RunState.STARTING, RunState.RUNNING, RunState.SUCCEEDED)
    return path


def make_evaluation(database: Database, settings: Settings, encoder: str, path: Path) -> str:
    """What a linear probe leaves that is right three times of ten, every row of the dataset as a test row."""
    with GalaxyStore.open(path) as store:
        true, names, digest = store.labels.astype(np.int64), list(store.class_names), store.digest
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(N, CLASSES)) + np.eye(CLASSES)[true]
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    test = Predictions.of(np.arange(N), SPLIT_CODES[Split.TEST], true, probabilities)
    val = test.where(np.arange(1773))
    config = ProbeConfig(encoder=encoder, dataset="noise")
    run_id = enqueue(database, settings.runs_dir, RunKind.PROBE, config)
    facts = {
        "id": f"{run_id}.encoder-linear-s0", "run": run_id, "encoder": encoder, "step": 100,
        "dataset": "noise", "dataset_digest": digest, "basis": Basis.ENCODER, "head": Head.LINEAR,
        "depth": 12, "layers": 12, "pooling": "mean", "label_fraction": 1.0, "seed": 0,
        "estimator": "made up", "seen_in_pretraining": 0, "created_at": datetime.now(UTC),
    }  # fmt: skip
    evaluation = judge(facts, names, np.bincount(true, minlength=CLASSES), test, val)
    joined([test]).save(RunDir(settings.runs_dir / run_id).evaluations / f"{evaluation.id}.npz")
    with database.write() as session:
        info = {"evaluations": [evaluation.model_dump(mode="json")]}
        register(session, session.get_one(RunRow, run_id), info)
    lead(database, run_id, RunState.STARTING, RunState.RUNNING, RunState.SUCCEEDED)
    return evaluation.id


def lead(database: Database, run_id: str, *states: RunState) -> None:
    origin = RunState.QUEUED
    with database.write() as session:
        for state in states:
            change_state(session, run_id, expected=[origin], to=state)
            origin = state


@contextmanager
def serving(command: list[str], port: int, **environment: str) -> Iterator[str]:
    """A process that listens on `port`, ended with the block; its address."""
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.DEVNULL)
    try:
        for _ in range(300):
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


def milliseconds(work: Callable[[], object], repeats: int = 7) -> float:
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return 1000 * median(seconds)


def main() -> None:
    with tempfile.TemporaryDirectory() as place, sync_playwright() as player:
        evaluation = make_home(Path(place) / "home")
        browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        print(f"a press on a cell, {N:,} predictions, {SIDE} px, 1440 × 900, median (worst) of {PRESSES}")
        floor(page, Path(place))
        port = free_port()
        command = [sys.executable, "-m", "backend.cli", "web", "--port", str(port)]
        with serving(command, port, GALAXYSCOPE_HOME=str(Path(place) / "home")) as url:
            press_cells(page, f"{url}/evaluate?evaluation={evaluation}")
            ask_server(f"{url}{API}/evaluations/{evaluation}")
        browser.close()


def floor(page: Page, place: Path) -> None:
    script, port = place / "empty_page.py", free_port()
    script.write_text(EMPTY_PAGE)
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    quiet = ["--server.headless", "true", "--browser.gatherUsageStats", "false"]
    with serving([*command, *quiet], port) as url:
        page.goto(url)
        page.wait_for_selector(".n")
        say("floor: a fragment that draws one number", [page.evaluate(UNTIL_COUNTED) for _ in range(PRESSES)])


def press_cells(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector(".gx-prediction_grid .tile")
    page.wait_for_selector(".gx-class_curves table")
    page.locator(".gx-confusion_matrix").evaluate("node => node.scrollIntoView()")
    page.wait_for_timeout(1000)
    cells = np.random.default_rng(2).permutation(CLASSES * CLASSES)[: PRESSES + 1]
    found = [page.evaluate(UNTIL_SHOWN, [int(cell) // CLASSES, int(cell) % CLASSES]) for cell in cells][1:]
    say("its galaxies stand in the grid", [tiles for tiles, _, _ in found])
    say("and the pictures in view are drawn", [pictures for _, pictures, _ in found])
    print(f"  pictures in view{np.median([n for _, _, n in found]):37.0f}")


def ask_server(url: str) -> None:
    http = httpx2.Client(trust_env=False, timeout=30)
    for name, path in (
        ("predictions of a cell", "/predictions?true=3&predicted=4&limit=30"),
        ("predictions of 90 to 100 %", "/predictions?confidence_min=0.9&limit=30"),
        ("curves of the classes", "/curves"),
        ("all predictions as Parquet", "/predictions.parquet"),
    ):
        answer = http.get(url + path)
        answer.raise_for_status()
        print(f"  server: {name:37s}{milliseconds(lambda p=path: http.get(url + p)):8.0f} ms")


def say(name: str, found: list[float]) -> None:
    print(f"  {name:45s}{median(found):8.0f} ms ({max(found):.0f})")


if __name__ == "__main__":
    main()
