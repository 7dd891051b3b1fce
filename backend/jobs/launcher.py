"""Starting and ending workers. Local processes now; Slurm would be another class with these methods."""

import contextlib
import os
import signal
import subprocess
import sys
from typing import Protocol

from backend.jobs.run_dir import Process, RunDir, process_exists
from shared.configs.kinds import Lane

NICE = {Lane.TRAIN: 10, Lane.LIGHT: 15, Lane.NETWORK: 15}
"""Of the workers, where GALAXYSCOPE_NICE does not say another."""

SPIN_COUNT = "10000"
"""How long OpenMP threads spin before they sleep: long enough for a step alone, short enough to leave the
processor to others (figures in docs/adr/0005)."""


class Launcher(Protocol):
    """How the supervisor starts, ends and buries workers."""

    def launch(self, run_dir: RunDir, attempt: int, lane: Lane) -> None:
        """Start a worker that outlives this process."""

    def end(self, process: Process, *, kill: bool) -> None:
        """Ask the worker's whole process group to end (SIGTERM), or end it (SIGKILL)."""

    def reap(self) -> None:
        """Collect the exit codes of dead children, so that none stays a zombie."""


class LocalLauncher:
    """Workers as processes of this machine, each leading its own session."""

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
