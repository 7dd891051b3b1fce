"""The run directory between real processes: its lock, its worker, and requests to it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.jobs.run_dir import Result, RunDir, Spec, is_locked, pending_requests
from backend.jobs.run_writer import GivenUpError, RunWriter

HOLDER = """
import sys, time
from pathlib import Path
from backend.jobs.run_dir import RunDir
from backend.jobs.run_writer import GivenUpError, RunWriter
with RunWriter(RunDir(Path(sys.argv[1])), 1) as writer:
    print("holding", flush=True)
    while not writer.should_stop():
        time.sleep(0.05)
    print("stop requested", flush=True)
"""


@pytest.fixture
def run_dir(tmp_path: Path) -> RunDir:
    run_dir = RunDir(tmp_path / "r1")
    run_dir.create(Spec(run_id="r1", kind="pretrain", config={}))
    return run_dir


@pytest.fixture
def holder(run_dir: RunDir) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(run_dir.path)], stdout=subprocess.PIPE, text=True
    )
    assert said(process, "holding")
    yield process
    if process.poll() is None:
        process.kill()
    process.wait()


def is_alive(run_dir: RunDir) -> bool:
    process = run_dir.process()
    assert process is not None
    return run_dir.is_alive(process)


def said(process: subprocess.Popen[str], sentence: str) -> bool:
    """Whether the process prints `sentence` on a line of its own before it ends."""
    assert process.stdout is not None
    return any(line == sentence + "\n" for line in process.stdout)


def wait_until(condition: Callable[[], bool], seconds: float = 240.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_a_worker_is_alive_until_it_is_killed(run_dir: RunDir, holder: subprocess.Popen[str]) -> None:
    assert is_alive(run_dir)
    holder.kill()
    # Not yet waited for: a zombie is not alive.
    assert wait_until(lambda: not is_alive(run_dir))


def test_a_reused_pid_is_not_alive(run_dir: RunDir, holder: subprocess.Popen[str]) -> None:
    path = run_dir.path / "process.json"
    process = run_dir.process()
    assert process is not None
    path.write_text(process.model_copy(update={"create_time": process.create_time - 100}).model_dump_json())
    assert not is_alive(run_dir)


def test_a_running_process_without_the_lock_is_not_the_worker(
    run_dir: RunDir, holder: subprocess.Popen[str]
) -> None:
    (run_dir.path / "lock").unlink()
    (run_dir.path / "lock").touch()
    assert not is_alive(run_dir)


def test_checking_a_lock_does_not_take_it(run_dir: RunDir, holder: subprocess.Popen[str]) -> None:
    assert all(is_locked(run_dir.lock) for _ in range(5))
    holder.kill()
    holder.wait()
    assert not is_locked(run_dir.lock)


def test_a_worker_on_another_host_is_alive_while_its_heartbeat_is_recent(
    run_dir: RunDir, holder: subprocess.Popen[str]
) -> None:
    process = run_dir.process()
    assert process is not None
    far = process.model_copy(update={"host": "another-host", "pid": 1})
    (run_dir.path / "process.json").write_text(far.model_dump_json())
    beat = run_dir.path / "heartbeat"
    beat.write_text(f'{{"attempt": 1, "at": {time.time() - 5}}}')
    assert is_alive(run_dir)
    beat.write_text(f'{{"attempt": 1, "at": {time.time() - 40}}}')
    assert not is_alive(run_dir)


def test_sigterm_becomes_the_request_to_stop(run_dir: RunDir, holder: subprocess.Popen[str]) -> None:
    os.kill(holder.pid, signal.SIGTERM)
    assert said(holder, "stop requested")
    assert holder.wait() == 0


def test_each_request_is_returned_once_in_order(run_dir: RunDir) -> None:
    with RunWriter(run_dir, 1) as writer:
        first, second = run_dir.request("sample"), run_dir.request("pause")
        assert first < second
        assert [verb for _, verb in pending_requests(run_dir.control)] == ["sample", "pause"]
        found: list[str | None] = []
        wait_until(lambda: found.append(writer.request()) or found[-1] == "pause")
        assert [verb for verb in found if verb] == ["sample", "pause"]
        assert pending_requests(run_dir.control) == []


def test_a_request_to_a_dead_worker_is_ignored_by_the_next(run_dir: RunDir) -> None:
    run_dir.request("pause")
    with RunWriter(run_dir, 2) as writer:
        assert writer.request() is None
        assert pending_requests(run_dir.control) == []


def test_an_incomplete_file_counts_as_missing(run_dir: RunDir) -> None:
    for name in ("process.json", "heartbeat", "result.json"):
        (run_dir.path / name).write_text('{"attempt": 1, "ou')
    assert (run_dir.process(), run_dir.heartbeat(), run_dir.result(1)) == (None, None, None)


def test_the_result_of_an_earlier_attempt_is_ignored(run_dir: RunDir) -> None:
    with RunWriter(run_dir, 1) as writer:
        writer.finish(Result(attempt=1, outcome="paused", step=10))
    assert run_dir.result(2) is None
    result = run_dir.result(1)
    assert result is not None
    assert result.step == 10


def test_values_that_are_not_finite_are_written_as_text(run_dir: RunDir) -> None:
    with RunWriter(run_dir, 1) as writer:
        writer.log(3, 0.5, {"loss": float("nan"), "lr": 0.1, "norm": float("inf")})
    text = run_dir.metrics.read_text()
    assert '"values":{"lr":0.1}' in text
    assert '"nonfinite":{"loss":"nan","norm":"inf"}' in text


def metrics_of(run_dir: RunDir) -> list[object]:
    lines = map(json.loads, run_dir.metrics.read_text().splitlines())
    return [line["from_step"] if "event" in line else line["step"] for line in lines]


def test_a_restart_from_scratch_takes_back_the_metrics_of_an_earlier_attempt(run_dir: RunDir) -> None:
    with RunWriter(run_dir, 1) as first:
        first.log(1, 0.1, {"loss": 1.0})
        first.log(2, 0.2, {"loss": 2.0})
    with RunWriter(run_dir, 2) as second:
        second.log(1, 0.1, {"loss": 3.0})
        second.log(2, 0.2, {"loss": 4.0})
    with RunWriter(run_dir, 3) as third:
        third.note("resumed", from_step=1)
        third.log(2, 0.2, {"loss": 5.0})
    assert metrics_of(run_dir) == [1, 2, -1, 1, 2, 1, 2]


def test_a_worker_that_starts_after_its_timeout_exits(run_dir: RunDir) -> None:
    assert run_dir.give_up(1)
    with pytest.raises(GivenUpError), RunWriter(run_dir, 1):
        pass
    assert run_dir.process() is None
    assert not is_locked(run_dir.lock)
    with RunWriter(run_dir, 2):
        assert not run_dir.give_up(2), "a worker that holds the lock is not given up"
