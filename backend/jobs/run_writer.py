"""The worker's side of the run directory: the lock, the metrics, the heartbeat, the requests, the result."""

import errno
import fcntl
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
from typing import Any, Self

import psutil

from backend.files import write_atomic, write_json
from backend.jobs.hardware import Load
from backend.jobs.run_dir import Heartbeat, Process, Result, RunDir, pending_requests, start_time

LOCK_PATIENCE_S = 10.0
REQUEST_INTERVAL_S = 0.2
HEARTBEAT_INTERVAL_S = 1.0
LOAD_INTERVAL_S = 10.0
FIRST_LOOK_S = 2.0


class RunBusyError(RuntimeError):
    """Another worker holds the lock of this run."""


class GivenUpError(RuntimeError):
    """The supervisor has given up waiting for this attempt."""


class RunWriter:
    """A worker's hold on its run directory, as a context: enters by taking the lock and saying who it is.

    It is the RunIO of backend.ml.pretraining.pretrain. SIGTERM and SIGINT become the request "stop".
    """

    def __init__(self, run_dir: RunDir, attempt: int) -> None:
        self.run_dir = run_dir
        self.attempt = attempt
        self._terminated = False
        self._request: str | None = None
        self._last_seq = 0
        self._requests_read_at = 0.0
        self._heartbeat_at = 0.0
        self._load_at = time.time() - LOAD_INTERVAL_S + FIRST_LOOK_S
        self._load = Load()

    def __enter__(self) -> Self:
        self._lock = _take_lock(self.run_dir.lock)
        if self.run_dir.is_given_up(self.attempt):
            os.close(self._lock)
            raise GivenUpError(f"attempt {self.attempt} comes up too late; nobody waits for it")
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        (self.run_dir.path / "result.json").unlink(missing_ok=True)
        for _ in self._take_requests():  # meant for a worker that died before it read them
            pass
        self._announce()
        self._say(f"attempt {self.attempt}, process {os.getpid()} on {socket.gethostname()}")
        cut_torn_line(self.run_dir.metrics)
        self._metrics = self.run_dir.metrics.open("ab", buffering=0)
        self._begins_anew = self._metrics.tell() > 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._metrics.close()
        os.close(self._lock)

    def log(self, step: int, epoch: float, values: Mapping[str, float]) -> None:
        """Append one line of metrics; values that are not finite are kept by name, as JSON has no NaN. Where
        this attempt has not said from which step it goes on, all of an earlier one is taken back first."""
        if self._begins_anew:
            self.note("resumed", from_step=-1)
        finite = {key: value for key, value in values.items() if math.isfinite(value)}
        line: dict[str, Any] = {"step": step, "epoch": epoch, "time": round(time.time(), 3), "values": finite}
        if len(finite) < len(values):
            line["nonfinite"] = {key: str(value) for key, value in values.items() if key not in finite}
        self._append(line)
        if any(key.startswith("val/") for key in values):
            self._say(f"step {step}: " + "  ".join(f"{key} {value:.4g}" for key, value in values.items()))

    def note(self, event: str, **fields: Any) -> None:
        """Append an event, such as resumed with from_step."""
        self._begins_anew = self._begins_anew and event != "resumed"
        self._append({"event": event, "attempt": self.attempt, **fields})
        self._say(f"{event} " + "  ".join(f"{key} {value}" for key, value in fields.items()))

    def heartbeat(
        self,
        step: int = 0,
        total_steps: int | None = None,
        epoch: float | None = None,
        images_per_s: float | None = None,
        eta_s: float | None = None,
        message: str | None = None,
    ) -> None:
        """Say how far the work is; cheap to call often, written about once a second."""
        now = time.time()
        if now - self._heartbeat_at < HEARTBEAT_INTERVAL_S:
            return
        self._heartbeat_at = now
        rss = self._load.rss_bytes
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
        if now - self._load_at >= LOAD_INTERVAL_S:
            self._load_at = now
            self._note_load()

    def _note_load(self) -> None:
        """A line of what this process takes; for people, so that a full disk does not end the run here."""
        line = json.dumps(self._load.look()).encode() + b"\n"
        with suppress(OSError), self.run_dir.system.open("ab", buffering=0) as file:
            file.write(line)

    def request(self) -> str | None:
        """The oldest request not yet returned, once; "stop" for ever after SIGTERM."""
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
        """Whether this work is to end, for jobs that obey only stop."""
        return self.request() == "stop"

    def finish(self, result: Result) -> None:
        """Write result.json: the last act of a worker."""
        self._say(f"{result.outcome} at step {result.step}" + (f": {result.reason}" if result.reason else ""))
        write_json(self.run_dir.path / "result.json", result.model_dump(mode="json"))

    def _say(self, sentence: str) -> None:
        """A line for the log, which is this process's standard output."""
        sys.stdout.write(f"{datetime.now():%Y-%m-%d %H:%M:%S}  {sentence}\n")

    def _append(self, line: dict[str, Any]) -> None:
        data = json.dumps(line, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        if self._metrics.write(data) < len(data):
            raise OSError(errno.ENOSPC, "metrics.jsonl could not be written whole: the disk is full")

    def _announce(self) -> None:
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
    """Drop what stands after the last line end: the half line of a worker that was killed while writing."""
    if not path.exists():
        return
    data = path.read_bytes()
    end = data.rfind(b"\n") + 1
    if end < len(data):
        os.truncate(path, end)


def _take_lock(path: Path) -> int:
    """An exclusive flock on `path`, held until the returned descriptor closes. Raises RunBusyError."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    patience = time.monotonic() + LOCK_PATIENCE_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except BlockingIOError:
            if time.monotonic() > patience:
                os.close(handle)
                raise RunBusyError(f"another worker holds {path.parent.name}") from None
            time.sleep(0.1)
