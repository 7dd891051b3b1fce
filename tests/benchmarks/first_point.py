"""Prints how long a person waits: for the dashboard, for the first point after Start, for a stop."""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.e2e.conftest import Dashboard, free_port, wait_until


def main() -> None:
    board = Dashboard(Path(tempfile.mkdtemp()), free_port())
    try:
        start = time.perf_counter()
        board.start()
        say("galaxyscope up → healthy", start)
        start = time.perf_counter()
        made = board.post("/runs", {"kind": "simulate", "config": {"name": "sky"}})
        board.wait_for(made["id"], "succeeded")
        say("simulate 2,000 galaxies at 64 px, queue included", start)
        for _ in range(3):
            measure(board)
    finally:
        board.close()


def measure(board: Dashboard) -> None:
    request = {"kind": "pretrain", "preset": "demo-60s", "config": {"dataset": "sky"}}
    start = time.perf_counter()
    run_id = board.post("/runs", request)["id"]
    for key in ("val/loss", "train/loss"):
        wait_until(lambda: bool(board.steps(run_id, key)), 120, key)  # noqa: B023
        say(f"Start → first {key} in the API", start)
    start = time.perf_counter()
    board.post(f"/runs/{run_id}/stop")
    ended: dict[str, Any] = board.wait_for(run_id, "cancelled")
    say(f"Stop → {ended['state']}, worker dead", start)


def say(what: str, start: float) -> None:
    print(f"{what:<52} {time.perf_counter() - start:6.1f} s", flush=True)


if __name__ == "__main__":
    main()
