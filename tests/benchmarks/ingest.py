"""Prints how fast metrics come in and go out, beside a bare JSON parse and a bare SQLite read; what a point
costs on disk; and what is there after an ingest was killed −9 in the middle, again and again."""

import json
import os
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from random import Random

from numpy import float32

from backend.db.engine import Database, open_database
from backend.db.models import RunRow
from backend.db.points import read_curves
from backend.jobs.ingest import ingest
from backend.jobs.run_dir import RunDir, Spec
from backend.jobs.run_writer import RunWriter
from backend.services.runs.metrics import read_metrics
from shared.configs.kinds import RunKind

STEPS = 200_000


KEYS = [f"train/figure_{index}" for index in range(10)]


def write_run(run_dir: RunDir, steps: int) -> None:
    """A run of ten keys, as a worker writes it."""
    random = Random(0)
    with redirect_stdout(StringIO()), RunWriter(run_dir, 1) as writer:
        for step in range(1, steps + 1):
            writer.log(step, step / 110, {key: float(float32(random.random())) for key in KEYS})


def add_run(database: Database, run_id: str) -> None:
    now = datetime.now(UTC)
    columns = {"state_changed_at": now, "config": {}, "created_at": now}
    with database.write() as session:
        session.add(RunRow(id=run_id, kind="k", lane="l", state="running", **columns))


def take_all(database: Database, run_dir: RunDir) -> None:
    more = True
    while more:
        with database.write() as session:
            more = ingest(session, session.get_one(RunRow, run_dir.path.name), run_dir)


def killed(database: Database, run_dir: RunDir, after_s: float) -> None:
    """An ingest in a process of its own, which is ended by SIGKILL."""
    child = os.fork()
    if child == 0:
        take_all(Database(database.path), run_dir)
        os._exit(0)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def ten_keys(folder: Path, steps: int, kills: int) -> None:
    folder.mkdir()
    run_dir = RunDir(folder / "quiet-spiral-1234")
    run_dir.create(Spec(run_id=run_dir.path.name, kind=RunKind.PRETRAIN, config={}))
    write_run(run_dir, steps)
    database, points = open_database(folder / "bench.db"), steps * len(KEYS)
    add_run(database, run_dir.path.name)
    start = time.perf_counter()
    for _ in range(kills):
        killed(database, run_dir, 0.9)
        with database.read() as session:
            print(f"  killed with {session.get_one(RunRow, run_dir.path.name).ingest_offset:,} bytes in")
    take_all(database, run_dir)
    seconds = time.perf_counter() - start
    with database.read() as session:
        curves = read_curves(session, run_dir.path.name)
    whole = list(range(1, steps + 1))
    there = all(curves[key].step.tolist() == whole for key in KEYS)
    database.close()
    files = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    in_database = sum(path.stat().st_size for path in folder.glob("bench.db*"))
    print(
        f"{points:,} points, {kills} kills: {points / seconds:,.0f} points/s; each there once: {there}; "
        f"{files / points:.1f} bytes a point, {in_database / points:.1f} of them in the database"
    )


def timed(label: str, points: int, work: Callable[[], object]) -> None:
    start = time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    print(f"{label:<42} {seconds:7.2f} s {points / seconds:12,.0f} points/s")


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    ten_keys(folder / "small", 10_000, 0)
    ten_keys(folder / "large", 100_000, 3)
    run_dir = RunDir(folder / "r")
    run_dir.path.mkdir()
    lines = [
        json.dumps(
            {"step": step, "epoch": step / 100, "time": 0.0, "values": {"loss": 1 / (step + 1), "lr": 1e-3}}
        )
        for step in range(STEPS)
    ]
    run_dir.metrics.write_text("\n".join(lines) + "\n")
    database = open_database(folder / "bench.db")
    add_run(database, "r")
    points = 2 * STEPS
    timed("floor: parse the lines", points, lambda: [json.loads(line) for line in lines])
    timed("ingest: lines to rows", points, lambda: take_all(database, run_dir))
    bare = sqlite3.connect(folder / "bench.db")
    timed(
        "floor: read the rows with sqlite3",
        points,
        lambda: bare.execute("SELECT * FROM metric_lines").fetchall(),
    )
    timed("read_metrics, thinned to 2,000 a series", points, lambda: read_metrics(database, "r"))
    newest = read_metrics(database, "r").next
    timed("read_metrics, the last 100 points", 100, lambda: read_metrics(database, "r", since=newest - 100))


if __name__ == "__main__":
    main()
