"""The run directory, the source of truth about a run.

    <home>/runs/<run_id>/
      spec.json      the work to do; written once, before the run is queued
      process.json   the worker's pid, start time, host and attempt; written by the worker
      lock           held (flock) by the worker until it exits
      given_up       the last attempt whose start-up timed out; written by the supervisor
      heartbeat      progress of the worker; rewritten every second or two
      metrics.jsonl  one JSON object a line, appended
      log.txt        stdout and stderr of the worker
      system.jsonl   CPU, memory and GPU use of the worker, a line every ten seconds
      control/       requests to the worker, <seq>_<verb>.json, removed when handled
      checkpoints/   samples/   evaluations/     written by the trainer
      result.json    how it ended; written last

This module reads it and writes requests; backend.jobs.run_writer is the worker's side.
"""

import fcntl
import os
import socket
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import psutil
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from backend.files import EVERYWHERE, read_json, write_json
from shared.configs.kinds import RunKind

Model = TypeVar("Model", bound=BaseModel)
Verb = Literal["stop", "pause", "checkpoint", "sample"]
REMOTE_HEARTBEAT_S = 30.0
"""A worker on another host counts as alive while its heartbeat is younger than this."""


class Process(BaseModel):
    """The worker of the run. `create_time` (see start_time) guards against a reused pid."""

    model_config = ConfigDict(frozen=True)

    pid: int
    create_time: float
    host: str
    started_at: datetime
    attempt: int


class EncoderSource(BaseModel):
    """The run whose encoder a job uses, and the dataset it was pretrained on, if known; `seen_file` is None
    if that dataset is not in this home."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    seen_file: str | None = None
    seen_digest: str | None = None
    seen_rows: Literal["train", "all"] = "train"


class EncoderSpec(EncoderSource):
    """One checkpoint of that run; `folder` is relative to the home."""

    step: int
    folder: str
    weights_digest: str


class Spec(BaseModel):
    """The input of a worker. Paths are relative to the home, except `roots`, the folders that it may read.
    An `encoder` without a step, of a run that was still active, is resolved when the job starts."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    kind: RunKind
    config: dict[str, Any]
    dataset_file: str | None = None
    dataset_digest: str | None = None
    eval_dataset_file: str | None = None
    eval_dataset_digest: str | None = None
    roots: list[str] = Field(default_factory=list)
    encoder: EncoderSpec | EncoderSource | None = None

    @field_validator("roots", mode="before")
    @classmethod
    def _none_was_everything(cls, value: object) -> object:
        return [str(root) for root in EVERYWHERE] if value is None else value  # before 0.2


class Result(BaseModel):
    """How an attempt ended, as reported by the worker. The supervisor registers what it `produced`."""

    model_config = ConfigDict(frozen=True)

    attempt: int
    outcome: Literal["succeeded", "paused", "cancelled", "failed"]
    reason: str | None = None
    suggestion: str | None = None
    step: int = 0
    exit_code: int = 0
    images_per_s: float | None = None
    produced: dict[str, Any] = {}


class Heartbeat(BaseModel):
    """Progress as of `at` (Unix seconds). `last_seq` is the last request handled."""

    model_config = ConfigDict(frozen=True)

    attempt: int
    at: float
    step: int = 0
    total_steps: int | None = None
    epoch: float | None = None
    images_per_s: float | None = None
    eta_s: float | None = None
    rss_bytes: int | None = None
    memory_share: float | None = None
    message: str | None = None
    last_seq: int = 0


class GivenUp(BaseModel):
    """The last attempt whose worker did not start in time."""

    attempt: int


class Pointer(BaseModel):
    """`checkpoints/last` and `checkpoints/best`."""

    step: int


class RunDir:
    """Paths of one run, and its current state as far as it can be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock, self.log = path / "lock", path / "log.txt"
        self.metrics, self.system = path / "metrics.jsonl", path / "system.jsonl"
        self.control, self.checkpoints = path / "control", path / "checkpoints"
        self.samples, self.evaluations = path / "samples", path / "evaluations"

    def create(self, spec: Spec) -> None:
        """Make the folder and write the spec."""
        self.control.mkdir(parents=True)
        write_json(self.path / "spec.json", spec.model_dump())

    def spec(self) -> Spec:
        return Spec.model_validate(read_json(self.path / "spec.json"))

    def process(self) -> Process | None:
        return _read(Process, self.path / "process.json")

    def heartbeat(self) -> Heartbeat | None:
        return _read(Heartbeat, self.path / "heartbeat")

    def result(self, attempt: int) -> Result | None:
        """The result of `attempt`; a result of an earlier attempt is ignored."""
        result = _read(Result, self.path / "result.json")
        return result if result and result.attempt == attempt else None

    def request(self, verb: Verb) -> int:
        """Write a request to the worker; returns its number."""
        self.control.mkdir(parents=True, exist_ok=True)
        seq = max((seq for seq, _ in pending_requests(self.control)), default=int(time.time() * 1000)) + 1
        write_json(self.control / f"{seq:015d}_{verb}.json", {"at": datetime.now(UTC).isoformat()})
        return seq

    def give_up(self, attempt: int) -> bool:
        """Stop waiting for the worker of `attempt`, which will exit if it starts now. False if a worker holds
        the lock, which may have started without seeing this."""
        write_json(self.path / "given_up", {"attempt": attempt})
        return not is_locked(self.lock)

    def is_given_up(self, attempt: int) -> bool:
        given_up = _read(GivenUp, self.path / "given_up")
        return given_up is not None and attempt <= given_up.attempt

    def last_checkpoint(self) -> int:
        """Step of the newest checkpoint, −1 if there is none."""
        return self._pointed("last")

    def best_checkpoint(self) -> int:
        """Step that was marked as the best, −1 if none was; it may be removed."""
        return self._pointed("best")

    def _pointed(self, name: str) -> int:
        pointer = _read(Pointer, self.checkpoints / name)
        return pointer.step if pointer else -1

    def is_alive(self, process: Process) -> bool:
        """Whether this worker is running: its process exists and holds the lock. On another host, its
        heartbeat is recent."""
        if process.host != socket.gethostname():
            heartbeat = self.heartbeat()
            return heartbeat is not None and time.time() - heartbeat.at < REMOTE_HEARTBEAT_S
        return process_exists(process) and is_locked(self.lock)


def _read(model: type[Model], path: Path) -> Model | None:
    """The model in `path`, or None if it is missing or incomplete."""
    try:
        return model.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def process_exists(process: Process) -> bool:
    """Whether this exact process is running and not a zombie."""
    try:
        found = psutil.Process(process.pid)
        return start_time(process.pid) == process.create_time and found.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return False


def start_time(pid: int) -> float:
    """When a process started, in seconds: since boot, unaffected by clock changes, or since the epoch on
    systems without /proc."""
    if not Path("/proc/self/stat").exists():
        return psutil.Process(pid).create_time()
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return int(ticks) / os.sysconf("SC_CLK_TCK")


def is_locked(path: Path) -> bool:
    """Whether a process holds an exclusive flock on `path`."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def pending_requests(control: Path) -> list[tuple[int, str]]:
    """(number, verb) of the pending requests, oldest first."""
    found = []
    for entry in control.glob("*_*.json"):
        seq, _, verb = entry.stem.partition("_")
        if seq.isdigit():
            found.append((int(seq), verb))
    return sorted(found)
