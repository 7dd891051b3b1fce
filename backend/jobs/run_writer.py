"""The worker's side of the run directory: lock, metrics, heartbeat, requests, result."""

import errno
import json
import math
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Literal, Self

import psutil

from backend.files import try_lock, write_atomic, write_json
from backend.jobs.hardware import ProcessUsage
from backend.jobs.run_dir import Heartbeat, Process, Result, RunDir, pending_requests, start_time

LOCK_PATIENCE_S = 10.0
REQUEST_INTERVAL_S = 0.2
HEARTBEAT_INTERVAL_S = 1.0
USAGE_INTERVAL_S = 10.0
FIRST_USAGE_S = 2.0


class RunBusyError(RuntimeError):
    """Another worker holds the lock of this run."""


class GivenUpError(RuntimeError):
    """The supervisor no longer waits for this attempt."""


class StopRequestedError(Exception):
    """The run was told to stop or pause; `outcome` is how its attempt ends."""

    def __init__(self, request: str) -> None:
        super().__init__(f"{request} requested")
        self.outcome: Literal["paused", "cancelled"] = "paused" if request == "pause" else "cancelled"


class RunWriter:
    """A worker's run directory as a context: entering takes the lock and writes process.json.

    It implements RunIO (backend.ml.runtime.contracts). SIGTERM and SIGINT become the request "stop".
    """

    def __init__(self, run_dir: RunDir, attempt: int) -> None:
        self.run_dir = run_dir
        self.attempt = attempt
        self._terminated = False
        self._request: str | None = None
        self._last_seq = 0
        self._requests_read_at = 0.0
        self._heartbeat_at = 0.0
        self._usage_at = time.time() - USAGE_INTERVAL_S + FIRST_USAGE_S
        self._usage = ProcessUsage()

    def __enter__(self) -> Self:
        self._lock = _take_lock(self.run_dir.lock)
        if self.run_dir.is_given_up(self.attempt):
            os.close(self._lock)
            raise GivenUpError(f"attempt {self.attempt} started after its start-up timeout; exiting")
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        (self.run_dir.path / "result.json").unlink(missing_ok=True)
        for _ in self._take_requests():  # for an earlier worker that died before reading them
            pass
        self._write_process()
        self.say(f"attempt {self.attempt}, process {os.getpid()} on {socket.gethostname()}")
        cut_torn_line(self.run_dir.metrics)
        self._metrics = self.run_dir.metrics.open("ab", buffering=0)
        self._restarts = self._metrics.tell() > 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._metrics.close()
        os.close(self._lock)

    def log(self, step: int, epoch: float, values: Mapping[str, float]) -> None:
        """Append one line of metrics; values that are not finite are written as text, as JSON has no NaN. An
        attempt that has not noted where it resumed first takes back all metrics of earlier attempts."""
        if self._restarts:
            self.note("resumed", from_step=-1)
        finite = {key: value for key, value in values.items() if math.isfinite(value)}
        line: dict[str, Any] = {"step": step, "epoch": epoch, "time": round(time.time(), 3), "values": finite}
        if len(finite) < len(values):
            line["nonfinite"] = {key: str(value) for key, value in values.items() if key not in finite}
        self._append(line)
        if any(key.startswith("val/") for key in values):
            self.say(f"step {step}: " + "  ".join(f"{key} {value:.4g}" for key, value in values.items()))

    def note(self, event: str, **fields: Any) -> None:
        """Append an event, such as resumed with from_step."""
        self._restarts = self._restarts and event != "resumed"
        self._append({"event": event, "attempt": self.attempt, **fields})
        self.say(f"{event} " + "  ".join(f"{key} {value}" for key, value in fields.items()))

    def heartbeat(
        self,
        step: int = 0,
        total_steps: int | None = None,
        epoch: float | None = None,
        images_per_s: float | None = None,
        eta_s: float | None = None,
        message: str | None = None,
    ) -> None:
        """Report progress. Cheap to call often: it is written about once a second."""
        now = time.time()
        if now - self._heartbeat_at < HEARTBEAT_INTERVAL_S:
            return
        self._heartbeat_at = now
        rss = self._usage.rss_bytes
        beat = Heartbeat(
            attempt=self.attempt,
            at=now,
            step=step,
            total_steps=total_steps,
            epoch=epoch,
            images_per_s=images_per_s,
            eta_s=eta_s,
            rss_bytes=rss,
            memory_share=rss / psutil.virtual_memory().total,
            message=message,
            last_seq=self._last_seq,
        )
        write_atomic(self.run_dir.path / "heartbeat", beat.model_dump_json().encode())
        if now - self._usage_at >= USAGE_INTERVAL_S:
            self._usage_at = now
            self._write_usage()

    def report(self, message: str, **progress: Any) -> None:
        """Report progress as `heartbeat` does. Raises StopRequestedError once the run is told to stop or
        pause."""
        request = self.request()
        if request in ("stop", "pause"):
            raise StopRequestedError(request)
        self.heartbeat(message=message, **progress)

    def _write_usage(self) -> None:
        """Append a line to system.jsonl. It is only informative, so a full disk is ignored."""
        line = json.dumps(self._usage.measure()).encode() + b"\n"
        with suppress(OSError), self.run_dir.system.open("ab", buffering=0) as file:
            file.write(line)

    def request(self) -> str | None:
        """The oldest request not yet returned, each once; always "stop" after SIGTERM."""
        if self._terminated:
            return "stop"
        now = time.monotonic()
        if now - self._requests_read_at < REQUEST_INTERVAL_S:
            return None
        self._requests_read_at = now
        return next(self._take_requests(), None)

    def _take_requests(self) -> Iterator[str]:
        for seq, verb in pending_requests(self.run_dir.control):
            (self.run_dir.control / f"{seq:015d}_{verb}.json").unlink(missing_ok=True)
            self._last_seq = seq
            yield verb

    def should_stop(self) -> bool:
        """Whether the run was told to stop, for jobs that cannot pause."""
        return self.request() == "stop"

    def result(
        self, outcome: Literal["succeeded", "paused", "cancelled", "failed"] = "succeeded", **fields: Any
    ) -> Result:
        """The result of this attempt."""
        failed = outcome == "failed"
        return Result(attempt=self.attempt, outcome=outcome, exit_code=int(failed), **fields)

    def finish(self, result: Result) -> None:
        """Write result.json, which ends the work of the worker."""
        self.say(f"{result.outcome} at step {result.step}" + (f": {result.reason}" if result.reason else ""))
        write_json(self.run_dir.path / "result.json", result.model_dump(mode="json"))

    def say(self, sentence: str) -> None:
        """Print a line to standard output, which is the run's log."""
        sys.stdout.write(f"{datetime.now():%Y-%m-%d %H:%M:%S}  {sentence}\n")

    def _append(self, line: dict[str, Any]) -> None:
        data = json.dumps(line, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        if self._metrics.write(data) < len(data):
            raise OSError(errno.ENOSPC, "metrics.jsonl could not be written completely: the disk is full")

    def _write_process(self) -> None:
        process = Process(
            pid=os.getpid(),
            create_time=start_time(os.getpid()),
            host=socket.gethostname(),
            started_at=datetime.now(UTC),
            attempt=self.attempt,
        )
        write_json(self.run_dir.path / "process.json", process.model_dump(mode="json"))

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._terminated = True


def cut_torn_line(path: Path) -> None:
    """Remove an incomplete last line, left by a worker that was killed while writing."""
    if not path.exists():
        return
    data = path.read_bytes()
    end = data.rfind(b"\n") + 1
    if end < len(data):
        os.truncate(path, end)


def _take_lock(path: Path) -> int:
    """An exclusive flock on `path`, held until the returned descriptor closes. Raises RunBusyError."""
    deadline = time.monotonic() + LOCK_PATIENCE_S
    while (handle := try_lock(path)) is None:
        if time.monotonic() > deadline:
            raise RunBusyError(f"another worker holds {path.parent.name}")
        time.sleep(0.1)
    return handle
