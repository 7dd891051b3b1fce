"""How long a page of galaxies takes: a dataset of 17,736, first page, deep page, filtered page, its pictures.

Over HTTP to a real server process; beside it the bare Python loop that encodes the same 48 PNGs.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import httpx2
import numpy as np

from backend.data.importers import import_dataset
from backend.data.store import describe
from backend.db.engine import open_database
from backend.db.models import RunRow
from backend.files import EVERYWHERE
from backend.jobs.registry import register
from backend.settings import Settings
from shared.configs import ImportConfig
from shared.configs.kinds import RunKind
from shared.contract.endpoints import API
from tests.homes import enqueue

N, SIDE, PAGE = 17_736, 64, 48


def make_home(home: Path) -> None:
    """A home with one dataset of noise, labelled in ten classes, with redshifts."""
    settings = Settings(home=home).prepare()
    rng = np.random.default_rng(0)
    path = home / "noise.npz"
    np.savez(
        path,
        images=rng.integers(0, 255, (N, SIDE, SIDE, 3), dtype=np.uint8),
        labels=rng.integers(0, 10, N),
        redshift=rng.uniform(0, 0.2, N),
    )
    config = ImportConfig(path=str(path), name="noise")
    made = import_dataset(
        config, settings.datasets_dir, "bench", lambda *_: None, lambda: False, roots=EVERYWHERE
    )
    path.unlink()
    database = open_database(settings.database_path)
    run_id = enqueue(database, settings.runs_dir, RunKind.IMPORT, config)
    info = describe(made, "noise").model_dump(mode="json")
    with database.write() as session:
        run = session.get_one(RunRow, run_id)
        register(session, run, {"dataset": info, "file": made.name})
        session.delete(run)
    database.close()


def milliseconds(work: Callable[[], object], repeats: int = 7) -> float:
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return 1000 * median(seconds)


def main() -> None:
    with tempfile.TemporaryDirectory() as place, socket.socket() as probe:
        home = Path(place)
        make_home(home)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        command = [sys.executable, "-m", "backend.cli", "web", "--port", str(port)]
        server = subprocess.Popen(command, env=os.environ | {"GALAXYSCOPE_HOME": place})
        try:
            measure(f"http://127.0.0.1:{port}{API}")
        finally:
            server.terminate()
            server.wait()


def measure(url: str) -> None:
    http = httpx2.Client(base_url=url, trust_env=False, timeout=30)
    for _ in range(200):
        try:
            http.get("/health")
            break
        except httpx2.TransportError:
            time.sleep(0.1)
    rows = "/datasets/noise/galaxies"
    print(f"a page of {PAGE} of {N:,} galaxies, {SIDE} px, median of 7")
    for name, query in (
        ("first", "offset=0"),
        ("last", f"offset={N - PAGE}"),
        ("class and redshift", "label=3&redshift_min=0.05&redshift_max=0.1"),
    ):
        print(
            f"  rows, {name:20s}{milliseconds(lambda q=query: http.get(f'{rows}?limit={PAGE}&{q}')):8.1f} ms"
        )

    def pictures() -> None:
        start = np.random.default_rng().integers(0, N - PAGE)
        with ThreadPoolExecutor(6) as pool:  # a browser opens six connections
            list(pool.map(lambda row: http.get(f"/datasets/noise/images/{row}.png?size=128"),
                          range(start, start + PAGE)))  # fmt: skip

    print(f"  its {PAGE} pictures, six at once{milliseconds(pictures):8.1f} ms")


if __name__ == "__main__":
    main()
