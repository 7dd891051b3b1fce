"""SIGKILL of any process during a training: no point is lost or duplicated."""

import json
import time
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.conftest import Dashboard, wait_until

LONG = {"epochs": 30, "eval_every_epochs": 5}
"""300 steps of 10 an epoch: long enough to be killed in the middle."""
ALL_STEPS = list(range(1, 301))


def assert_whole(dashboard: Dashboard, run_id: str) -> None:
    """Every step is in the curves once."""
    run = dashboard.wait_for(run_id, "succeeded", "failed", "cancelled")
    assert run["state"] == "succeeded", dashboard.story(run_id)
    progress = run["progress"]
    assert (progress["step"], progress["epoch"]) == (300, pytest.approx(30))
    assert dashboard.steps(run_id) == ALL_STEPS
    assert dashboard.steps(run_id, "val/loss") == list(range(0, 301, 50))


@pytest.mark.parametrize("victims", [("web",), ("supervisor",), ("supervisor", "web")], ids="+".join)
def test_a_run_continues_when_its_servers_are_killed(dashboard: Dashboard, victims: tuple[str, ...]) -> None:
    run_id = dashboard.launch(**LONG)
    dashboard.wait_for_step(run_id, 100)
    worker = dashboard.worker(run_id)
    assert worker is not None
    if "supervisor" in victims:
        dashboard.supervisor().kill()
    if "web" in victims:
        dashboard.kill_web()
        metrics = dashboard.home / "runs" / run_id / "metrics.jsonl"
        size = metrics.stat().st_size
        wait_until(lambda: metrics.stat().st_size > size, "the worker to write on")
        dashboard.start()
    assert_whole(dashboard, run_id)
    assert dashboard.moves(run_id) == ["queued", "starting", "running", "succeeded"]
    assert dashboard.get(f"/runs/{run_id}")["attempt"] == 1


def curve(dashboard: Dashboard, run_id: str) -> list[float]:
    page = dashboard.get(f"/runs/{run_id}/metrics?max_points=100000&keys=train/loss")
    values: list[float] = page["series"]["train/loss"]["value"]
    return values


def test_a_killed_worker_resumes_from_its_checkpoint_and_ends_like_an_undisturbed_one(
    dashboard: Dashboard,
) -> None:
    calm, killed = dashboard.launch(**LONG), dashboard.launch(**LONG)
    assert_whole(dashboard, calm)
    dashboard.wait_for_step(killed, 130)
    worker = dashboard.worker(killed)
    assert worker is not None
    worker.kill()
    assert_whole(dashboard, killed)
    assert dashboard.moves(killed) == [
        "queued", "starting", "running", "lost", "queued", "starting", "running", "succeeded",
    ]  # fmt: skip
    lines = (dashboard.home / "runs" / killed / "metrics.jsonl").read_text().splitlines()
    [resumed] = [line for line in map(json.loads, lines) if line.get("event") == "resumed"]
    assert resumed["from_step"] >= 100, "the newest, not the first"
    assert resumed["from_step"] % 50 == 0
    assert curve(dashboard, killed) == curve(dashboard, calm)


def test_a_worker_that_is_killed_repeatedly_fails_with_the_reason(dashboard: Dashboard) -> None:
    run_id = dashboard.launch(**LONG)
    for attempt in (1, 2, 3):
        wait_until(
            lambda: (
                dashboard.get(f"/runs/{run_id}")["attempt"] == attempt  # noqa: B023
                and dashboard.worker(run_id) is not None
            ),
            f"attempt {attempt}",
        )
        worker = dashboard.worker(run_id)
        assert worker is not None
        worker.kill()
    run = dashboard.wait_for(run_id, "failed", "succeeded")
    assert run["state"] == "failed"
    assert "3 times" in run["reason"]
    assert dashboard.moves(run_id).count("lost") == 3
    assert dashboard.worker(run_id) is None


def test_the_queue_survives_its_supervisor_and_a_failed_run(dashboard: Dashboard, tmp_path: Path) -> None:
    source = tmp_path / "brief.npz"
    np.savez(source, images=np.random.default_rng(0).integers(0, 255, (20, 16, 16, 3), dtype=np.uint8))
    dashboard.post("/queue/light/pause")
    made = [
        dashboard.post("/runs", {"kind": "simulate", "config": {"name": f"q{i}", "n": 20}})["id"]
        for i in (0, 1)
    ]
    config = {"name": "brief", "path": str(source)}
    bad = dashboard.post("/runs", {"kind": "import", "config": config})["id"]
    source.unlink()
    dashboard.post(f"/runs/{bad}/move", {"to": "top"})
    dashboard.post(f"/runs/{made[1]}/move", {"to": "up"})

    dashboard.supervisor().kill()
    heartbeat = dashboard.home / "supervisor.json"
    killed_at = time.time()
    wait_until(lambda: json.loads(heartbeat.read_text())["at"] > killed_at + 1, "a new supervisor's rounds")
    light = next(lane for lane in dashboard.get("/queue")["lanes"] if lane["lane"] == "light")
    assert light["paused_at"] is not None
    assert [run["id"] for run in light["waiting"]] == [bad, made[1], made[0]]
    assert light["at_work"] is None

    dashboard.post("/queue/light/resume")
    ended = [dashboard.wait_for(run_id, "succeeded", "failed") for run_id in (bad, *made)]
    assert [run["state"] for run in ended] == ["failed", "succeeded", "succeeded"]
    started = {run["id"]: run["started_at"] for run in ended}
    assert started[bad] < started[made[1]] < started[made[0]]
