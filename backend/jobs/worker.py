"""The entry of a worker process: `python -m backend.jobs.worker RUN_DIR ATTEMPT`.

It knows what its spec names, and no database. Whatever happens, it leaves a result.json that says so;
where it could not (kill -9), the supervisor finds a dead process without a result.
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
from backend.jobs.run_writer import GivenUpError, RunBusyError, RunWriter
from shared.configs.kinds import JOB_KINDS, RunKind


def work(run_dir: RunDir, attempt: int) -> NoReturn:
    """Do the run to its end and leave the process with its exit code.

    The process ends inside the hold on the run directory, so that the lock falls only with its death: who
    finds it free may say that the worker is gone.
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
    except GalaxyscopeError as error:
        return Result(attempt=writer.attempt, outcome="failed", reason=error.detail, exit_code=1)
    except Exception as error:  # noqa: BLE001 the worker's entry: record whatever it was
        traceback.print_exc()
        reason = f"{type(error).__name__}: {error}"
        return Result(attempt=writer.attempt, outcome="failed", reason=reason, exit_code=1)


def task_of(kind: RunKind) -> ModuleType:
    """The module that does a kind of run, imported only now, so that an import of data never loads torch."""
    return importlib.import_module(f"backend.jobs.tasks.{JOB_KINDS[kind].task}")


def be_nice(level: int) -> None:
    """Leave the processor to others first. Linux weighs whole sessions against each other before it looks at
    nice, and a worker leads its own: there its session is told too."""
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
