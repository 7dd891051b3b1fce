"""The run directory: the truth of a run.

    <home>/runs/<run_id>/
      spec.json      what to do; written once, before the run is queued
      process.json   the worker's pid, its start, host and attempt; written by the worker
      lock           held (flock) by the worker for life
      given_up       the last attempt that nobody waits for any more; written by the supervisor
      heartbeat      how far the worker is; rewritten every second or two
      metrics.jsonl  one JSON object a line, appended
      log.txt        stdout and stderr of the worker
      system.jsonl   what the worker takes of its machine, a line every ten seconds
      control/       requests to the worker, <seq>_<verb>.json, removed when obeyed
      checkpoints/   samples/   evaluations/     written by the trainer
      result.json    last of all: how it ended

This module is the reader's side and the requests; backend.jobs.run_writer is the worker's side.
"""

import fcntl
import os
import socket
import time
from dataclasses import dataclass
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
"""On another host a worker counts as alive while its heartbeat is younger than this."""


class Process(BaseModel):
    """Who works on the run. `create_time` (see start_time) guards against a pid used again."""

    model_config = ConfigDict(frozen=True)

    pid: int
    create_time: float
    host: str
    started_at: datetime
    attempt: int


class EncoderSource(BaseModel):
    """The run whose encoder a job works on, and what it was pretrained on, where that is known: `seen_file`
    is None where it is gone, or never was here."""

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
    """What a worker needs to know; paths are relative to the home, but for `roots`: the folders that it may
    read. An `encoder` without a step is settled when the job starts: its run was still at work."""

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
    """How an attempt ended, in the worker's own words. `produced` is what the supervisor registers."""

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
    """Progress as of `at` (Unix seconds). `last_seq` is the last request obeyed."""

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
    """The attempt whose worker did not come up in time."""

    attempt: int


class Pointer(BaseModel):
    """`checkpoints/last` and `checkpoints/best`."""

    step: int


@dataclass(frozen=True)
class RunDir:
    """Paths of one run, and what can be read of it at any moment."""

    path: Path

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def system(self) -> Path:
        return self.path / "system.jsonl"

    @property
    def log(self) -> Path:
        return self.path / "log.txt"

    @property
    def samples(self) -> Path:
        return self.path / "samples"

    @property
    def evaluations(self) -> Path:
        return self.path / "evaluations"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def control(self) -> Path:
        return self.path / "control"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    def create(self, spec: Spec) -> None:
        """Make the folder and freeze the spec in it."""
        self.control.mkdir(parents=True)
        write_json(self.path / "spec.json", spec.model_dump())

    def spec(self) -> Spec:
        return Spec.model_validate(read_json(self.path / "spec.json"))

    def process(self) -> Process | None:
        return _read(Process, self.path / "process.json")

    def heartbeat(self) -> Heartbeat | None:
        return _read(Heartbeat, self.path / "heartbeat")

    def result(self, attempt: int) -> Result | None:
        """The result of `attempt`; one left by an earlier attempt is none."""
        result = _read(Result, self.path / "result.json")
        return result if result and result.attempt == attempt else None

    def request(self, verb: Verb) -> int:
        """Ask the worker for something; returns the number of the request."""
        self.control.mkdir(parents=True, exist_ok=True)
        seq = max((seq for seq, _ in pending_requests(self.control)), default=int(time.time() * 1000)) + 1
        write_json(self.control / f"{seq:015d}_{verb}.json", {"at": datetime.now(UTC).isoformat()})
        return seq

    def give_up(self, attempt: int) -> bool:
        """Wait no longer for the worker of `attempt`, which from now on does not begin; False where one is at
        it just now, who may not have seen this."""
        write_json(self.path / "given_up", {"attempt": attempt})
        return not is_locked(self.lock)

    def is_given_up(self, attempt: int) -> bool:
        given_up = _read(GivenUp, self.path / "given_up")
        return given_up is not None and attempt <= given_up.attempt

    def last_checkpoint(self) -> int:
        """Step of the newest checkpoint, −1 where there is none."""
        pointer = _read(Pointer, self.checkpoints / "last")
        return pointer.step if pointer else -1

    def is_alive(self, process: Process) -> bool:
        """Whether this worker is at work: its process runs and holds the lock; on another host, its heartbeat
        is young."""
        if process.host != socket.gethostname():
            heartbeat = self.heartbeat()
            return heartbeat is not None and time.time() - heartbeat.at < REMOTE_HEARTBEAT_S
        return process_exists(process) and is_locked(self.lock)


def _read(model: type[Model], path: Path) -> Model | None:
    """What `path` says, or None where it is missing or torn: a run is judged by what can be read of it."""
    try:
        return model.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def process_exists(process: Process) -> bool:
    """Whether this very process runs, and is not a zombie."""
    try:
        found = psutil.Process(process.pid)
        return start_time(process.pid) == process.create_time and found.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return False


def start_time(pid: int) -> float:
    """When a process started, in seconds: since boot, which no clock step changes, or since the epoch where
    there is no /proc."""
    if not Path("/proc/self/stat").exists():
        return psutil.Process(pid).create_time()
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return int(ticks) / os.sysconf("SC_CLK_TCK")


def is_locked(path: Path) -> bool:
    """Whether some process holds an exclusive flock on `path`."""
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
    """(number, verb) of the requests not yet obeyed, oldest first."""
    found = []
    for entry in control.glob("*_*.json"):
        seq, _, verb = entry.stem.partition("_")
        if seq.isdigit():
            found.append((int(seq), verb))
    return sorted(found)
