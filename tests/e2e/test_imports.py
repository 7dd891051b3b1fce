"""Imports as a person meets them: real processes, stopped and killed in the middle, and taken up again."""

import signal
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.e2e.conftest import Dashboard, wait_until

N = 16_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file that takes many seconds to import: 16,000 frames of 100 px, half a gigabyte."""
    path = tmp_path_factory.mktemp("large") / "large.h5"
    rng = np.random.default_rng(0)
    block = rng.integers(0, 255, (500, 100, 100, 3), dtype=np.uint8)
    with h5py.File(path, "w") as file:
        images = file.create_dataset("images", (N, 100, 100, 3), np.uint8)
        for start in range(0, N, 500):
            images[start : start + 500] = block + np.uint8(start // 500)
        file["ans"] = rng.integers(0, 10, N).astype(np.uint8)
    yield path
    path.unlink()


def begun(dashboard: Dashboard, path: Path, name: str) -> str:
    """An import that has written its first galaxies."""
    made = dashboard.post("/runs", {"kind": "import", "config": {"path": str(path), "name": name}})
    run_id = str(made["id"])

    def writing() -> bool:
        run = dashboard.get(f"/runs/{run_id}")
        return run["progress"]["step"] > 0 or run["state"] == "succeeded"

    wait_until(writing, "the import to write", lambda: dashboard.story(run_id))
    return run_id


def left_behind(dashboard: Dashboard, name: str) -> list[str]:
    return [path.name for path in (dashboard.home / "datasets").iterdir() if name in path.name]


def test_a_stopped_import_leaves_nothing_and_its_name_is_free(dashboard: Dashboard, large: Path) -> None:
    run_id = begun(dashboard, large, "halted")
    dashboard.post(f"/runs/{run_id}/stop")
    run = dashboard.wait_for(run_id, "cancelled")
    assert run["reason"]
    assert left_behind(dashboard, "halted") == []
    again = dashboard.post("/runs", {"kind": "simulate", "config": {"name": "halted", "n": 20}})
    dashboard.wait_for(again["id"], "succeeded")


def test_an_import_killed_in_the_middle_is_begun_anew_and_is_whole(dashboard: Dashboard, large: Path) -> None:
    run_id = begun(dashboard, large, "killed")
    worker = dashboard.worker(run_id)
    assert worker is not None
    worker.send_signal(signal.SIGKILL)
    dashboard.wait_for(run_id, "succeeded")
    assert dashboard.moves(run_id).count("lost") == 1
    assert left_behind(dashboard, "killed") == ["killed.h5"]
    info = dashboard.get("/datasets/killed")
    assert info["n"] == N
    with h5py.File(large) as source, h5py.File(dashboard.home / "datasets" / "killed.h5") as stored:
        rows = slice(N - 20, N)
        assert np.array_equal(source["images"][rows], stored["images"][rows])


def test_two_that_want_one_name_are_told_at_once(dashboard: Dashboard, large: Path) -> None:
    run_id = begun(dashboard, large, "wanted")
    with pytest.raises(Exception, match="409"):
        dashboard.post("/runs", {"kind": "simulate", "config": {"name": "wanted", "n": 20}})
    dashboard.post(f"/runs/{run_id}/stop")
    dashboard.wait_for(run_id, "cancelled", "succeeded")


def test_a_download_that_cannot_work_says_why_and_blocks_no_other_lane(dashboard: Dashboard) -> None:
    made = dashboard.post("/runs", {"kind": "download", "config": {"name": "published"}})
    assert made["lane"] == "network"
    other = dashboard.post("/runs", {"kind": "simulate", "config": {"name": "beside", "n": 20}})
    dashboard.wait_for(other["id"], "succeeded")
    dashboard.post(f"/runs/{made['id']}/stop")
    dashboard.wait_for(made["id"], "cancelled", "failed")
