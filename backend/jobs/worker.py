"""A worker process: how it is started and ended, and its entry, `-m backend.jobs.worker RUN_DIR ATTEMPT`.

Slurm would be another Launcher. A worker reads its spec and never the database. It always leaves a
result.json, except when it is killed (kill -9): then the supervisor finds a dead process without a result.
"""

import contextlib
import importlib
import os
import signal
import subprocess
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import NoReturn, Protocol

from backend.errors import GalaxyscopeError
from backend.jobs.run_dir import Process, Result, RunDir, process_exists
from backend.jobs.run_writer import GivenUpError, RunBusyError, RunWriter, StopRequestedError
from shared.configs.kinds import JOB_KINDS, Lane, RunKind

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


def work(run_dir: RunDir, attempt: int) -> NoReturn:
    """Run to the end, then exit the process with its exit code.

    The process exits while it holds the run directory, so the lock is released only by its death: a free
    lock means that the worker is gone.
    """
    with RunWriter(run_dir, attempt) as writer:
        writer.heartbeat(message="starting")
        result = _guarded(run_dir, writer)
        writer.finish(result)
        sys.stdout.flush()
        os._exit(result.exit_code)


def _guarded(run_dir: RunDir, writer: RunWriter) -> Result:
    try:
        spec = run_dir.spec()
        task = task_of(spec.kind)
        result: Result = task.run(spec, run_dir.path.parent.parent, writer)
        return result
    except StopRequestedError as stop:
        return writer.result(stop.outcome, reason=str(stop))
    except GalaxyscopeError as error:
        return writer.result("failed", reason=error.detail)
    except Exception as error:  # noqa: BLE001 the worker's entry: every error is recorded
        traceback.print_exc()
        return writer.result("failed", reason=f"{type(error).__name__}: {error}")


def task_of(kind: RunKind) -> ModuleType:
    """The module of a kind of run, imported on use so that an import of data never loads torch."""
    return importlib.import_module(f"backend.jobs.tasks.{JOB_KINDS[kind].task}")


def be_nice(level: int) -> None:
    """Give other processes priority. Linux schedules whole sessions against each other before it considers
    nice, and each worker leads its own session, so the session is niced too."""
    os.nice(level)
    autogroup = Path("/proc/self/autogroup")
    if autogroup.exists():
        with contextlib.suppress(OSError):
            autogroup.write_text(str(level))


def main() -> None:
    be_nice(int(os.environ.get("GALAXYSCOPE_NICE", "0")))
    try:
        work(RunDir(Path(sys.argv[1])), int(sys.argv[2]))
    except (RunBusyError, GivenUpError) as error:
        sys.exit(str(error))  # goes to the run's log


if __name__ == "__main__":
    main()
