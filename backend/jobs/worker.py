"""The entry of a worker process: `python -m backend.jobs.worker RUN_DIR ATTEMPT`.

It reads its spec and never the database. It always leaves a result.json, except when it is killed
(kill -9): then the supervisor finds a dead process without a result.
"""

import contextlib
import importlib
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from backend.errors import GalaxyscopeError
from backend.jobs.run_dir import Result, RunDir
from backend.jobs.run_writer import GivenUpError, RunBusyError, RunWriter, StopRequestedError
from shared.configs.kinds import JOB_KINDS, RunKind


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
