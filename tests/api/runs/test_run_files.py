"""What a run's folder says beside its metrics: its log, and what its worker took of the machine."""

import json
from pathlib import Path

import pytest

from backend.db.engine import Database
from backend.jobs import run_writer
from backend.jobs.run_dir import RunDir
from backend.jobs.run_writer import RunWriter
from backend.settings import Settings
from frontend.api.client import ApiError, Client
from shared.contract import endpoints
from tests.api.encoders import leave_encoder

pytestmark = pytest.mark.usefixtures("sky")


@pytest.fixture
def run_dir(database: Database, settings: Settings, sky: Path) -> RunDir:
    return RunDir(settings.runs_dir / leave_encoder(database, settings))


def test_the_log_is_searched_in_any_case_to_its_beginning(client: Client, run_dir: RunDir) -> None:
    lines = [f"step {i}: train/loss {1 / (i + 1):.3f}" for i in range(300)]
    run_dir.log.write_text("\n".join(["WARNING: few images", *lines, "warning: slow disk"]) + "\n")
    found = client.call(endpoints.GET_LOG, run_id=run_dir.path.name, find="Warning")
    assert (found.lines, found.truncated) == (["WARNING: few images", "warning: slow disk"], False)
    newest = client.call(endpoints.GET_LOG, run_id=run_dir.path.name, lines=2, find="step 29")
    assert (newest.lines, newest.truncated) == (lines[298:], True)
    assert client.call(endpoints.GET_LOG, run_id=run_dir.path.name, find="nowhere").lines == []


def test_looks_are_joined_by_mean_of_shares_and_most_of_memory(client: Client, run_dir: RunDir) -> None:
    looks = [
        {"time": 10.0 * i, "cpu_percent": [100.0, 50.0][i % 2], "rss_bytes": [5e8, 9e8][i % 2]}
        for i in range(8)
    ]
    looks[7] |= {"gpu_percent": 80.0, "gpu_memory_bytes": 4e9}
    text = "\n".join(map(json.dumps, looks)) + '\n{"time": 80.0, "cpu'
    run_dir.system.write_text(text)
    load = client.call(endpoints.GET_LOAD, run_id=run_dir.path.name, max_points=4)
    assert load.time == [10.0, 30.0, 50.0, 70.0]
    assert load.cpu_percent == [75.0] * 4
    assert load.rss_bytes == [9e8] * 4
    assert load.gpu_percent == [None, None, None, 80.0]
    assert load.gpu_memory_bytes == [None, None, None, 4e9]
    assert load.gpu_watts == [None] * 4
    assert client.call(endpoints.GET_LOAD, run_id=run_dir.path.name).time == [10.0 * i for i in range(8)]


def test_a_worker_leaves_looks_at_itself_and_goes_on_where_it_cannot(
    client: Client, run_dir: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_writer, "USAGE_INTERVAL_S", 0.0)
    monkeypatch.setattr(run_writer, "FIRST_USAGE_S", 0.0)
    monkeypatch.setattr(run_writer, "HEARTBEAT_INTERVAL_S", 0.0)
    with RunWriter(run_dir, 1) as writer:
        sum(range(2_000_000))
        writer.heartbeat(step=1)
        run_dir.system.rename(run_dir.path / "aside")
        run_dir.system.mkdir()  # nobody can write there
        writer.heartbeat(step=2)
    run_dir.system.rmdir()
    (run_dir.path / "aside").rename(run_dir.system)
    load = client.call(endpoints.GET_LOAD, run_id=run_dir.path.name)
    assert len(load.time) == 1
    assert 0 < (load.cpu_percent[0] or 0) < 1000
    assert (load.rss_bytes[0] or 0) > 5e7
    beat = run_dir.heartbeat()
    assert beat is not None and beat.step == 2


def test_a_run_that_is_not_there_has_neither(client: Client) -> None:
    for ask in (endpoints.GET_LOAD, endpoints.GET_LOG):
        with pytest.raises(ApiError, match="there is no run calm-nowhere-1"):
            client.call(ask, run_id="calm-nowhere-1")
