"""What this machine is and has free. torch is asked in a process of its own, once for each start of the
server: a web process loads none for it."""

import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import psutil
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select

from backend.db.engine import Database
from backend.db.models import RunRow
from backend.jobs.hardware import find_gpu
from backend.settings import Settings
from shared.base.states import RunState
from shared.configs.kinds import RunKind
from shared.contract.system import Machine, SelfTest

ASK_TIMEOUT_S = 120.0
PACKAGES = ("galaxyscope", "torch", "timm", "numpy", "h5py", "streamlit", "fastapi")
LOW_DISK_BYTES = 5e9


class TorchInfo:
    """What torch says of itself and its device, asked in a process of its own, in the background."""

    def __init__(self, ask: Callable[[], dict[str, Any] | None] | None = None) -> None:
        self._ask = ask or ask_torch
        self._lock = Lock()
        self._started = False
        self.known: dict[str, Any] | None = None
        self.failed = False

    def start(self) -> None:
        """Ask, unless it was asked before."""
        with self._lock:
            if not self._started:
                self._started = True
                Thread(target=self._fetch, daemon=True).start()

    def _fetch(self) -> None:
        self.known = self._ask()
        self.failed = self.known is None


def ask_torch() -> dict[str, Any] | None:
    """The answer of `python -m backend.ml.runtime.torch_facts`; None where it fails."""
    command = [sys.executable, "-P", "-m", "backend.ml.runtime.torch_facts"]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=ASK_TIMEOUT_S, check=True, stdin=subprocess.DEVNULL
        )
        return TypeAdapter(dict[str, Any]).validate_json(done.stdout)
    except (subprocess.SubprocessError, OSError, ValidationError):
        return None


TORCH = TorchInfo()


def badge(facts: TorchInfo = TORCH) -> tuple[str, str]:
    """The device in a few words with its free memory, and why there is no GPU (empty where there is one, or
    torch has not answered yet)."""
    gpu = find_gpu()
    known = facts.known or {}
    if gpu is not None and known.get("cuda_available", True):
        return f"{gpu.name} · {gpu.free / 1e9:.0f} of {gpu.total / 1e9:.0f} GB free", ""
    return "CPU only", str(known.get("why_cpu") or "")


def free_memory_bytes(device: str = "auto", facts: TorchInfo = TORCH) -> int:
    """Memory that a training on `device` could still take."""
    gpu = find_gpu()
    if gpu is not None and device != "cpu" and (facts.known or {}).get("cuda_available", True):
        return gpu.free
    return int(psutil.virtual_memory().available)


def read_machine(database: Database, settings: Settings, facts: TorchInfo = TORCH) -> Machine:
    """Everything the machine page and `galaxyscope doctor` show."""
    facts.start()
    known, gpu = facts.known or {}, find_gpu()
    memory, disk = psutil.virtual_memory(), shutil.disk_usage(settings.home)
    available = known.get("cuda_available")
    return Machine(
        checking=facts.known is None and not facts.failed,
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
        problems=_problems(facts, disk.free, settings),
    )


def wait_for_torch(facts: TorchInfo = TORCH, patience_s: float = ASK_TIMEOUT_S) -> None:
    """Return once torch has answered, or failed to."""
    facts.start()
    end = time.monotonic() + patience_s
    while facts.known is None and not facts.failed and time.monotonic() < end:
        time.sleep(0.05)


def _problems(facts: TorchInfo, disk_free: int, settings: Settings) -> list[str]:
    problems = []
    if facts.failed:
        problems.append("torch does not start: run `./run setup`, then `galaxyscope doctor` for its words.")
    if disk_free < LOW_DISK_BYTES:
        problems.append(
            f"Only {disk_free / 1e9:.1f} GB are free where {settings.home} lies: delete datasets or runs, "
            "or set GALAXYSCOPE_HOME to a larger disk."
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
    """The processor's own name, where the system tells it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def usable_cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
