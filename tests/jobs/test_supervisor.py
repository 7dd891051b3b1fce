"""The supervisor with real files and processes: unreadable runs, stray workers, missed requests."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.db.engine import Database, open_database
from backend.db.models import RunRow
from backend.jobs.queue import change_state
from backend.jobs.run_dir import Process, RunDir, process_exists
from backend.jobs.supervisor import KILL_AFTER_S, Supervisor
from backend.jobs.worker import LocalLauncher
from backend.settings import Settings
from shared.base.states import RunState
from shared.configs import SimulateConfig
from shared.configs.kinds import RunKind
from tests.homes import enqueue

DEAF = """
import signal, sys, time
from pathlib import Path
from backend.jobs.run_dir import RunDir
from backend.jobs.run_writer import RunWriter
with RunWriter(RunDir(Path(sys.argv[1])), int(sys.argv[2])):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("deaf", flush=True)
    time.sleep(300)
"""
S = RunState


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path).prepare()


@pytest.fixture
def database(settings: Settings) -> Database:
    return open_database(settings.database_path)


@pytest.fixture
def deaf_worker() -> Iterator[Callable[[RunDir, int], subprocess.Popen[str]]]:
    """Starts workers that hold their run and ignore SIGTERM."""
    started: list[subprocess.Popen[str]] = []

    def start(run_dir: RunDir, attempt: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", DEAF, str(run_dir.path), str(attempt)]
        worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        started.append(worker)
        assert worker.stdout is not None
        assert any(line == "deaf\n" for line in worker.stdout)
        return worker

    yield start
    for worker in started:
        worker.kill()
        worker.wait()


def supervisor(settings: Settings, database: Database, later_s: float = 0) -> Supervisor:
    return Supervisor(
        settings,
        database,
        LocalLauncher(),
        claims=lambda _run: False,
        now=lambda: datetime.now(UTC) + timedelta(seconds=later_s),
    )


def add_run(settings: Settings, database: Database, name: str, *states: RunState, attempt: int = 1) -> RunDir:
    """A run led through `states` from queued."""
    config = SimulateConfig(name=name, n=20)
    run_id = enqueue(database, settings.runs_dir, RunKind.SIMULATE, config)
    origin = S.QUEUED
    with database.write() as session:
        for state in states:
            assert change_state(session, run_id, expected=[origin], to=state, columns={"attempt": attempt})
            origin = state
    return RunDir(settings.runs_dir / run_id)


def state_of(database: Database, run_dir: RunDir) -> str:
    with database.read() as session:
        return session.get_one(RunRow, run_dir.path.name).state


def test_an_unreadable_run_does_not_affect_others(settings: Settings, database: Database) -> None:
    bad = add_run(settings, database, "bad", S.STARTING, S.RUNNING)
    good = add_run(settings, database, "good", S.STARTING, S.RUNNING)
    bad.metrics.mkdir()  # reading a folder as a file raises
    (good.path / "result.json").write_text('{"attempt": 1, "outcome": "failed", "reason": "no luck"}')
    (good.path / "process.json").write_text(dead_process(attempt=1).model_dump_json())
    supervisor(settings, database).tick()
    assert (state_of(database, bad), state_of(database, good)) == ("running", "failed")
    assert (settings.home / "supervisor.json").exists()


def dead_process(attempt: int) -> Process:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    host = os.uname().nodename
    return Process(pid=child.pid, create_time=1.0, host=host, started_at=datetime.now(UTC), attempt=attempt)


def test_a_worker_that_ignores_sigterm_is_killed(
    settings: Settings, database: Database, deaf_worker: Callable[[RunDir, int], subprocess.Popen[str]]
) -> None:
    run_dir = add_run(settings, database, "deaf", S.STARTING, S.RUNNING, S.STOPPING)
    worker = deaf_worker(run_dir, 1)
    supervisor(settings, database).tick()
    time.sleep(0.3)
    assert worker.poll() is None
    assert state_of(database, run_dir) == "stopping"
    late = supervisor(settings, database, later_s=KILL_AFTER_S + 1)
    late.tick()
    assert worker.wait(timeout=240) == -signal.SIGKILL
    late.tick()
    assert state_of(database, run_dir) == "cancelled"


def test_a_stray_worker_of_an_earlier_attempt_is_ended(
    settings: Settings, database: Database, deaf_worker: Callable[[RunDir, int], subprocess.Popen[str]]
) -> None:
    run_dir = add_run(settings, database, "stray", S.STARTING, attempt=2)
    worker = deaf_worker(run_dir, 1)
    supervisor(settings, database).tick()
    assert worker.wait(timeout=240) == -signal.SIGKILL
    late = supervisor(settings, database, later_s=60)
    late.tick()
    assert state_of(database, run_dir) == "queued"


def test_a_worker_that_does_not_start_in_time_is_lost(settings: Settings, database: Database) -> None:
    run_dir = add_run(settings, database, "silent", S.STARTING)
    supervisor(settings, database).tick()
    assert state_of(database, run_dir) == "starting"
    supervisor(settings, database, later_s=60).tick()
    assert state_of(database, run_dir) == "queued"


def test_a_missed_pause_request_is_repeated(
    settings: Settings, database: Database, deaf_worker: Callable[[RunDir, int], subprocess.Popen[str]]
) -> None:
    run_dir = add_run(settings, database, "pausing", S.STARTING, S.RUNNING, S.PAUSING)
    deaf_worker(run_dir, 1)
    for _ in range(3):
        supervisor(settings, database).tick()
    assert [path.name.partition("_")[2] for path in run_dir.control.iterdir()] == ["pause.json"]


def test_a_supervisor_without_claims_starts_no_run(settings: Settings, database: Database) -> None:
    run_dir = add_run(settings, database, "waiting")
    supervisor(settings, database).tick()
    assert state_of(database, run_dir) == "queued"
    assert not run_dir.log.exists()


def test_workers_are_ended_before_a_container_stops(
    settings: Settings, database: Database, deaf_worker: Callable[[RunDir, int], subprocess.Popen[str]]
) -> None:
    run_dir = add_run(settings, database, "container", S.STARTING, S.RUNNING)
    config_free = subprocess.Popen(
        [sys.executable, "-c", DEAF.replace("SIG_IGN", "SIG_DFL"), str(run_dir.path), "1"],
        start_new_session=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert config_free.stdout is not None
    assert any(line == "deaf\n" for line in config_free.stdout)
    process = run_dir.process()
    assert process is not None
    supervisor(settings, database).end_workers(patience_s=240)
    assert not process_exists(process)
    assert config_free.wait(timeout=240) == -signal.SIGTERM
