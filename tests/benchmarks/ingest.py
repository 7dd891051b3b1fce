"""Prints how fast metrics come in and go out, beside a bare JSON parse and a bare SQLite read."""

import json
import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from backend.db.engine import open_database
from backend.db.models import RunRow
from backend.jobs.ingest import ingest
from backend.jobs.run_dir import RunDir
from backend.services.metrics import read_metrics

STEPS = 200_000


def timed(label: str, points: int, work: Callable[[], object]) -> None:
    start = time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    print(f"{label:<42} {seconds:7.2f} s {points / seconds:12,.0f} points/s")


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    run_dir = RunDir(folder / "run")
    run_dir.path.mkdir()
    lines = [
        json.dumps(
            {"step": step, "epoch": step / 100, "time": 0.0, "values": {"loss": 1 / (step + 1), "lr": 1e-3}}
        )
        for step in range(STEPS)
    ]
    run_dir.metrics.write_text("\n".join(lines) + "\n")
    database = open_database(folder / "bench.db")
    now = datetime.now(UTC)
    with database.write() as session:
        session.add(
            RunRow(
                id="r", kind="k", lane="l", state="running", state_changed_at=now, config={}, created_at=now
            )
        )

    def take_all() -> None:
        more = True
        while more:
            with database.write() as session:
                more = ingest(session, session.get_one(RunRow, "r"), run_dir)

    points = 2 * STEPS
    timed("floor: parse the lines", points, lambda: [json.loads(line) for line in lines])
    timed("ingest: lines to rows", points, take_all)
    bare = sqlite3.connect(folder / "bench.db")
    timed(
        "floor: read the rows with sqlite3", points, lambda: bare.execute("SELECT * FROM metrics").fetchall()
    )
    timed("read_metrics, thinned to 2,000 a series", points, lambda: read_metrics(database, "r"))
    newest = read_metrics(database, "r").next
    timed("read_metrics, the last 100 points", 100, lambda: read_metrics(database, "r", since=newest - 100))


if __name__ == "__main__":
    main()
