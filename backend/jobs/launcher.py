"""Starting and ending workers as local processes. Slurm would be another class with these methods."""

import contextlib
import os
import signal
import subprocess
import sys
from typing import Protocol

from backend.jobs.run_dir import Process, RunDir, process_exists
from shared.configs.kinds import Lane

NICE = {Lane.TRAIN: 10, Lane.LIGHT: 15, Lane.NETWORK: 15}
"""Niceness of workers, unless GALAXYSCOPE_NICE overrides it."""

SPIN_COUNT = "10000"
"""How long OpenMP threads spin before they sleep: long enough within a step, short enough to leave the
processor to other processes (measured in docs/adr/0005)."""


class Launcher(Protocol):
    """How the supervisor starts, ends and reaps workers."""

    def launch(self, run_dir: RunDir, attempt: int, lane: Lane) -> None:
        """Start a worker that outlives this process."""

    def end(self, process: Process, *, kill: bool) -> None:
        """Send the worker's process group SIGTERM, or SIGKILL."""

    def reap(self) -> None:
        """Collect the exit codes of dead children, so that none remains a zombie."""


class LocalLauncher:
    """Workers as processes on this machine, each the leader of its own session."""

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[bytes]] = []

    def launch(self, run_dir: RunDir, attempt: int, lane: Lane) -> None:
        command = [sys.executable, "-P", "-m", "backend.jobs.worker", str(run_dir.path), str(attempt)]
        with run_dir.log.open("ab") as log:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=run_dir.path,
                env=_environment(lane),
            )
        self._children.append(child)

    def end(self, process: Process, *, kill: bool) -> None:
        if process_exists(process):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL if kill else signal.SIGTERM)

    def reap(self) -> None:
        self._children = [child for child in self._children if child.poll() is None]


def _environment(lane: Lane) -> dict[str, str]:
    light = {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    nice = os.environ.get("GALAXYSCOPE_NICE", str(NICE[lane]))
    common = {"PYTHONUNBUFFERED": "1", "GOMP_SPINCOUNT": SPIN_COUNT, "GALAXYSCOPE_NICE": nice}
    return os.environ | common | ({} if lane is Lane.TRAIN else light)
