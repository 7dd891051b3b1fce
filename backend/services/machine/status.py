"""The machine: hardware, free memory and disk, versions. torch is queried in a subprocess, once a server, so
that the web process does not load it."""

import os
import platform
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import psutil
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import func, select

from backend.db.engine import Database
from backend.db.models import PausedLaneRow, RunRow
from backend.files import read_json
from backend.jobs.hardware import find_gpu
from backend.services.runs.notices import newest_notice
from backend.settings import Settings
from shared.base.states import HAS_WORKER, RunState
from shared.configs.kinds import Lane, RunKind
from shared.contract.system import Health, Machine, SelfTest

QUERY_TIMEOUT_S = 120.0
PACKAGES = ("galaxyscope", "torch", "timm", "numpy", "h5py", "streamlit", "fastapi")
LOW_DISK_BYTES = 5e9


class TorchInfo:
    """What torch reports about itself and its device, queried in the background."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._started = False
        self.known: dict[str, Any] | None = None
        self.failed = False

    def start(self) -> None:
        """Query, once."""
        with self._lock:
            if not self._started:
                self._started = True
                Thread(target=self._fetch, daemon=True).start()

    def _fetch(self) -> None:
        self.known = query_torch()
        self.failed = self.known is None


def query_torch() -> dict[str, Any] | None:
    """The output of `python -m backend.ml.runtime.torch_facts`; None if it fails."""
    command = [sys.executable, "-P", "-m", "backend.ml.runtime.torch_facts"]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=QUERY_TIMEOUT_S, check=True, stdin=subprocess.DEVNULL
        )
        return TypeAdapter(dict[str, Any]).validate_json(done.stdout)
    except (subprocess.SubprocessError, OSError, ValidationError):
        return None


TORCH = TorchInfo()


def badge() -> tuple[str, str]:
    """The device with its free memory, and why there is no GPU (empty if there is one, or torch has not
    answered yet)."""
    gpu, known = find_gpu(), TORCH.known or {}
    if gpu is not None and known.get("cuda_available", True):
        return f"{gpu.name} · {gpu.free / 1e9:.0f} of {gpu.total / 1e9:.0f} GB free", ""
    return "CPU only", str(known.get("why_cpu") or "")


def free_memory_bytes(device: str = "auto") -> int:
    """Free memory for a training on `device`."""
    gpu = find_gpu()
    if gpu is not None and device != "cpu" and (TORCH.known or {}).get("cuda_available", True):
        return gpu.free
    return int(psutil.virtual_memory().available)


def read_machine(database: Database, settings: Settings) -> Machine:
    """Everything the machine page and `galaxyscope doctor` show."""
    TORCH.start()
    known, gpu = TORCH.known or {}, find_gpu()
    memory, disk = psutil.virtual_memory(), shutil.disk_usage(settings.home)
    available = known.get("cuda_available")
    return Machine(
        checking=TORCH.known is None and not TORCH.failed,
        device=str(known.get("device_name") or (gpu.name if gpu else cpu_name())),
        kind=None if available is None else "cuda" if available else "cpu",
        why_cpu=str(known.get("why_cpu") or ""),
        driver=gpu.driver if gpu else None,
        torch=known.get("torch"),
        torch_cuda=known.get("torch_cuda"),
        bf16=known.get("bf16"),
        gpu_memory_total_bytes=gpu.total if gpu else None,
        gpu_memory_free_bytes=gpu.free if gpu else None,
        cpu=cpu_name(),
        cores=usable_cores(),
        memory_total_bytes=memory.total,
        memory_free_bytes=memory.available,
        disk_total_bytes=disk.total,
        disk_free_bytes=disk.free,
        home=str(settings.home),
        python=platform.python_version(),
        packages={name: version(name) for name in PACKAGES},
        self_test=last_self_test(database),
        problems=_problems(disk.free, settings),
    )


def wait_for_torch() -> None:
    """Return when torch has answered or failed."""
    TORCH.start()
    end = time.monotonic() + QUERY_TIMEOUT_S
    while TORCH.known is None and not TORCH.failed and time.monotonic() < end:
        time.sleep(0.05)


def _problems(disk_free: int, settings: Settings) -> list[str]:
    problems = []
    if TORCH.failed:
        problems.append("torch does not start: run `./run setup`, then `galaxyscope doctor` for details.")
    if disk_free < LOW_DISK_BYTES:
        problems.append(
            f"Only {disk_free / 1e9:.1f} GB are free on the disk of {settings.home}: delete datasets or "
            "runs, or set GALAXYSCOPE_HOME to a larger disk."
        )
    return problems


def last_self_test(database: Database) -> SelfTest | None:
    """The newest self-test that succeeded."""
    query = select(RunRow).where(
        RunRow.kind == RunKind.SELFTEST.value, RunRow.state == RunState.SUCCEEDED.value
    )
    with database.read() as session:
        row = session.scalar(query.order_by(RunRow.created_at.desc()).limit(1))
    if row is None or row.ended_at is None:
        return None
    gpu = find_gpu()
    return SelfTest(
        run_id=row.id,
        images_per_s=row.latest_metrics.get("selftest/images_per_s") or 0.0,
        step_s=row.latest_metrics.get("selftest/step_s") or 0.0,
        device=cpu_name() if gpu is None or row.config.get("device") == "cpu" else gpu.name,
        at=row.ended_at,
    )


@lru_cache(maxsize=1)
def cpu_name() -> str:
    """The model name of the processor, where known."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


SILENT_AFTER_S = 10.0


def read_health(database: Database, settings: Settings) -> Health:
    """The state of supervisor, queue, device and disk."""
    alive = supervisor_alive(settings)
    problems = [] if alive else ["No supervisor is running, so nothing starts: run `galaxyscope up`."]
    device, why = badge()
    free = shutil.disk_usage(settings.home).free
    if free < 1e9:
        problems.append(f"Only {free / 1e6:.0f} MB of disk are free: checkpoints may fail.")
    with database.read() as session:
        query = select(RunRow.state, func.count()).group_by(RunRow.state)
        counts = dict(session.execute(query).all())
        paused = [Lane(lane) for lane in session.scalars(select(PausedLaneRow.lane))]
        newest = newest_notice(session)
    return Health(
        status="degraded" if problems else "ok",
        version=version("galaxyscope"),
        supervisor_alive=alive,
        queued=counts.get(RunState.QUEUED, 0),
        running=sum(counts.get(state, 0) for state in HAS_WORKER),
        paused_lanes=paused,
        newest_notice=newest,
        problems=problems,
        disk_free_bytes=free,
        device=device,
        device_why=why,
    )


def supervisor_alive(settings: Settings) -> bool:
    """Whether a supervisor has completed a cycle within SILENT_AFTER_S."""
    heartbeat = read_json(settings.home / "supervisor.json")
    return heartbeat is not None and bool(time.time() - heartbeat["at"] < SILENT_AFTER_S)
