"""Prints how the map moves in Chromium: `python tests/benchmarks/map.py`.

17,736 galaxies of noise in a real server with made-up features; then 200,000 other points in the same page.
Draws are counted by the page while a real mouse pans, wheels and draws a lasso. It never fails.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import httpx2
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page, sync_playwright

from backend.data.importers import import_dataset
from backend.data.store import describe
from backend.db.engine import open_database
from backend.db.models import RunRow
from backend.files import EVERYWHERE
from backend.jobs.queue import change_state
from backend.jobs.registry import register
from backend.ml.checkpoints.store import CheckpointStore, model_from_config
from backend.services.embeddings.spaces import feature_cache, resolve_space
from backend.settings import Settings
from shared.base.states import RunState
from shared.configs import ImportConfig, PretrainConfig
from shared.configs.kinds import RunKind
from shared.contract.endpoints import API
from shared.contract.search import EmbeddingSpace
from tests.homes import enqueue

N, MANY, SIDE, WIDTH, CLASSES = 17_736, 200_000, 32, 384, 10
SECONDS = 4.0
CANVAS = ".gx-galaxy_map canvas"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main() -> None:
    with tempfile.TemporaryDirectory() as place, socket.socket() as probe:
        run = make_home(Path(place))
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        command = [sys.executable, "-m", "backend.cli", "web", "--port", str(port)]
        server = subprocess.Popen(command, env=os.environ | {"GALAXYSCOPE_HOME": place})
        try:
            measure(f"http://127.0.0.1:{port}", run)
        finally:
            server.terminate()
            server.wait()


def make_home(home: Path) -> str:
    """A home with a labelled dataset of noise, and a run on it with features in groups; the run."""
    settings = Settings(home=home).prepare()
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, N)
    images = rng.integers(0, 255, (N, SIDE, SIDE, 3), dtype=np.uint8)
    np.savez(home / "noise.npz", images=images, labels=labels, redshift=rng.uniform(0, 0.2, N))
    sky = ImportConfig(path=str(home / "noise.npz"), name="noise")
    made = import_dataset(
        sky, settings.datasets_dir, "bench", lambda *_: None, lambda: False, roots=EVERYWHERE
    )
    database = open_database(settings.database_path)
    maker = enqueue(database, settings.runs_dir, RunKind.IMPORT, sky)
    info = describe(made, "noise").model_dump(mode="json")
    with database.write() as session:
        row = session.get_one(RunRow, maker)
        register(session, row, {"dataset": info, "file": made.name})
        session.delete(row)
    shape = {"img_size": SIDE, "patch_size": 16, "embed_dim": WIDTH, "depth": 1, "num_heads": 6}
    config = PretrainConfig.model_validate({"dataset": "noise"} | shape)
    run = enqueue(database, settings.runs_dir, RunKind.PRETRAIN, config)
    meta = {"config": config.model_dump(mode="json"), "channels": 3, "mean": [0.1] * 3, "std": [0.1] * 3}
    CheckpointStore(settings.runs_dir / run / "checkpoints", 1).save(1, model_from_config(config, 3), meta)
    with database.write() as session:
        for before, after in ((RunState.QUEUED, RunState.STARTING), (RunState.STARTING, RunState.FAILED)):
            change_state(session, run, expected=[before], to=after)
    space = resolve_space(database, settings, EmbeddingSpace(run=run))
    groups = rng.normal(size=(CLASSES, WIDTH))
    features = (groups[labels] + rng.normal(scale=2, size=(N, WIDTH))).astype(np.float16)
    other = resolve_space(database, settings, EmbeddingSpace(run=run, pooling="cls"))
    for files, scale in ((space.files, 0), (other.files, 2)):
        path = feature_cache(settings) / files[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, features + rng.normal(scale=scale, size=(N, WIDTH)).astype(np.float16))
    database.close()
    return run


def measure(url: str, run: str) -> None:
    wait_for(url)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    http = httpx2.Client(base_url=url + API, trust_env=False, timeout=60)
    query = {"run": run}
    took = timed(lambda: http.get("/maps", params=query))
    print(f"  first principal components of {N:,} × {WIDTH}, features read{took:8.0f} ms")
    size = len(http.get("/maps/points", params=query).content)
    again = [timed(lambda: http.get("/maps/points", params=query)) for _ in range(7)]
    print(f"  points, kept                       {median(again):8.0f} ms, {size / 1000:.0f} kB")
    with sync_playwright() as player:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = player.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.goto(f"{url}/map?run={run}")
        show(page, N)
        hovered = [hover_time(page, k) for k in range(12)]
        print(
            f"  hover to image                     {median(hovered):8.0f} ms, at most {max(hovered):.0f} ms"
        )
        page.goto(f"{url}/map?run={run}&with={run}:best::cls:pca")
        page.wait_for_selector(f".pane:nth-child(2) canvas[data-drawn='{N}']", timeout=120_000)
        print("  beside a second map,")
        show(page, N)
        query = {"space": {"run": run}, "against": {"run": run, "pooling": "cls"}}
        took = timed(lambda: http.get("/search/overlap", params={"query": json.dumps(query)}))
        print(f"  overlap of 2,000 × 16 neighbours among {N:,}{took:8.0f} ms")
        page.goto(f"{url}/map?run={run}")
        put_many(page)
        page.reload()
        show(page, MANY)
        browser.close()


def wait_for(url: str) -> None:
    for _ in range(600):
        try:
            httpx2.get(f"{url}{API}/health", trust_env=False)
            return
        except httpx2.TransportError:
            time.sleep(0.1)


def put_many(page: Page) -> None:
    """Points and colours of many galaxies instead of the server's."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, MANY)
    flat: NDArray[np.float64] = rng.normal(size=(2, MANY)) + rng.normal(scale=3, size=(2, CLASSES))[:, labels]
    names = [f"class {k}" for k in range(CLASSES)]
    colours = {"by": "class", "names": names, "unknown": "no label", "values": labels.tolist()}
    points = flat.astype("<f4").tobytes()
    page.route(
        "**/maps/points*", lambda route: route.fulfill(body=points, content_type="application/octet-stream")
    )
    page.route(
        "**/colours*", lambda route: route.fulfill(body=json.dumps(colours), content_type="application/json")
    )


def show(page: Page, n: int) -> None:
    page.wait_for_selector(f"{CANVAS}[data-drawn='{n}']", timeout=120_000)
    time.sleep(1.5)
    box = page.locator(CANVAS).first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    print(f"  {n:,} points, {box['width']:.0f} × {box['height']:.0f} px, draws a second:")
    for name, key, act in (
        ("pan", None, lambda k: page.mouse.move(x + 150 * np.sin(k / 15), y + 100 * np.cos(k / 11))),
        ("lasso", "Shift", lambda k: page.mouse.move(x + 200 * np.sin(k / 15), y + 200 * np.cos(k / 15))),
    ):
        page.mouse.move(x, y)
        if key:
            page.keyboard.down(key)
        page.mouse.down()
        print(f"    {name:<33}{rate(page, act)}")
        page.mouse.up()
        if key:
            page.keyboard.up(key)
    page.keyboard.press("Escape")
    print(f"    {'zoom':<33}{rate(page, lambda k: page.mouse.wheel(0, 30 if k // 40 % 2 else -30))}")
    page.locator(CANVAS).first.press("0")
    by_itself, took = page.locator(CANVAS).first.evaluate(KEYS)
    print(f"    {'pan, moved by the page itself':<33}{by_itself:8.0f}  a draw takes {took:.1f} ms")


KEYS = """async (canvas) => {
  const took = [], start = performance.now()
  for (let k = 0; k < 60; k++) {
    const key = k % 10 < 5 ? "ArrowLeft" : "ArrowRight"
    canvas.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }))
    await new Promise(requestAnimationFrame)
    took.push(Number(canvas.dataset.ms))
  }
  return [60000 / (performance.now() - start), took.sort((a, b) => a - b)[30]]
}"""


def rate(page: Page, act: Callable[[int], None]) -> str:
    """Draws a second while the mouse does not rest, and its moves, which no draw can outrun."""
    frames = lambda: int(page.locator(CANVAS).first.get_attribute("data-frames") or 0)  # noqa: E731
    before, start, k = frames(), time.perf_counter(), 0
    while time.perf_counter() - start < SECONDS:
        act(k)
        k += 1
    took = time.perf_counter() - start
    return f"{(frames() - before) / took:8.0f}  of {k / took:.0f} moves"


def hover_time(page: Page, k: int) -> float:
    """Milliseconds from the mouse's arrival on a point to its picture, as the page's own clock has it."""
    box = page.locator(CANVAS).first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    time.sleep(0.2)
    page.mouse.move(box["x"] + box["width"] * (0.35 + 0.025 * k), box["y"] + box["height"] * 0.5)
    tip = page.wait_for_selector(".gx-galaxy_map .tip[data-row]", timeout=5000)
    return float(tip.get_attribute("data-ms") or "nan")


def timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - start)


if __name__ == "__main__":
    main()
