"""A shell command's hold on a home: its database, a supervisor while it waits, the wait itself."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from backend.cli.output import console, state_words
from backend.db.engine import Database, open_database
from backend.jobs.launcher import LocalLauncher
from backend.jobs.registry import baselines_pending
from backend.jobs.supervisor import Supervisor, SupervisorLock
from backend.services.runs import find_row, get_run
from backend.settings import Settings
from shared.runs import TERMINAL, Run, RunState

POLL_S = 0.3
SAY_EVERY_S = 10.0


@dataclass(frozen=True)
class Home:
    settings: Settings
    database: Database


def open_home() -> Home:
    """The home that GALAXYSCOPE_HOME names, made where it is new."""
    settings = Settings().prepare()
    return Home(settings, open_database(settings.database_path))


@contextmanager
def supervising(home: Home) -> Iterator[None]:
    """See to it that a supervisor is at work: this process is one, unless another holds the lock."""
    lock = SupervisorLock(home.settings.home)
    if not lock.acquire():
        yield
        return
    ending = threading.Event()
    supervisor = Supervisor(home.settings, home.database, LocalLauncher())
    thread = threading.Thread(target=supervisor.run, args=(ending.is_set,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join(timeout=10)
        lock.release()


def wait_for_run(home: Home, run_id: str) -> Run:
    """Wait until a run has ended or paused and its reference accuracies are there; say how far it is."""
    with supervising(home), console.status(run_id) as status:
        said_at = time.monotonic()
        while True:
            run = get_run(home.database, run_id)
            if run.state in TERMINAL | {RunState.PAUSED} and not _references_pending(home, run_id):
                return run
            words = f"{run.kind.value} {run_id}: {state_words(run)} {_eta(run)} {run.progress.message or ''}"
            status.update(words)
            if not console.is_terminal and time.monotonic() - said_at > SAY_EVERY_S:
                print(words.rstrip(), file=sys.stderr)
                said_at = time.monotonic()
            time.sleep(POLL_S)


def _references_pending(home: Home, run_id: str) -> bool:
    with home.database.read() as session:
        return baselines_pending(session, find_row(session, run_id).dataset_digest)


def _eta(run: Run) -> str:
    eta = run.progress.eta_s
    return f"{eta / 60:.0f} min left" if eta and eta > 90 else f"{eta:.0f} s left" if eta else ""
