"""A shell command's hold on a home: its database, a supervisor while it waits, the wait itself."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from backend.cli.output import console, state_words
from backend.db.models import RunRow
from backend.errors import UnavailableError
from backend.jobs import lanes
from backend.jobs.registry import baselines_pending
from backend.services.runs.lifecycle import find_row, get_run
from backend.services.services import Services
from backend.serving import serve_supervisor
from backend.settings import Settings
from shared.base.states import TERMINAL, RunState
from shared.configs.kinds import Lane, RunKind
from shared.contract.runs import Run

POLL_S = 0.3
SAY_EVERY_S = 10.0


def open_home() -> Services:
    """The home that GALAXYSCOPE_HOME names, made where it is new. A shell may read what its user may."""
    return Services.open(Settings().reading_everything())


@contextmanager
def supervising(home: Services, claims: Callable[[RunRow], bool]) -> Iterator[Callable[[], None]]:
    """See to it that a supervisor is at work: another, or a thread of this process, which waits its turn and
    starts only what it `claims`. Yields a check that raises what ended the thread: who waits would wait for
    ever."""
    ending = threading.Event()
    with ThreadPoolExecutor(1, "supervisor") as threads:
        serving = threads.submit(serve_supervisor, home.settings, ending.is_set, claims)

        def check() -> None:
            if serving.done() and (error := serving.exception()) is not None:
                raise UnavailableError(
                    "supervisor", f"the supervisor ended: {error}; start the command again"
                )

        try:
            yield check
        finally:
            ending.set()


def start_and_wait(home: Services, run_id: str) -> Run:
    """Wait until a queued run, and what stands before it in the queue, has ended or paused, and, where it
    succeeded, its reference accuracies are there; start them where nobody else does."""
    with home.database.read() as session:
        awaited = find_row(session, run_id)
    warn_of_pause(home, Lane(awaited.lane))

    def claims(run: RunRow) -> bool:
        if run.lane == awaited.lane:  # what the lane starts before it, wherever either was moved
            return _still_waits(home, run_id) or run.kind == RunKind.BASELINES
        return run.created_at <= awaited.created_at or run.kind == RunKind.BASELINES

    return _wait(home, run_id, claims, references=True)


def _still_waits(home: Services, run_id: str) -> bool:
    with home.database.read() as session:
        return find_row(session, run_id).state == RunState.QUEUED


def warn_of_pause(home: Services, lane: Lane) -> None:
    """Say so where nothing starts in a lane, and how it would."""
    with home.database.read() as session:
        paused = lanes.paused_at(session, lane) is not None
    if paused:
        console.print(f"The {lane} queue is paused: galaxyscope queue resume --lane {lane} starts it again.")


def wait_for_end(home: Services, run_id: str) -> Run:
    """Wait until a run that was asked to end has ended or paused; nothing is started."""
    return _wait(home, run_id, lambda _run: False, references=False)


def _wait(home: Services, run_id: str, claims: Callable[[RunRow], bool], *, references: bool) -> Run:
    with supervising(home, claims) as check, console.status(run_id) as status:
        said_at = time.monotonic()
        while True:
            check()
            run = get_run(home.database, run_id)
            pending = references and run.state is RunState.SUCCEEDED and _references_pending(home, run_id)
            if run.state in TERMINAL | {RunState.PAUSED} and not pending:
                return run
            words = progress_words(run) if not pending else f"{run_id}: its reference accuracies …"
            status.update(words)
            if not console.is_terminal and time.monotonic() - said_at > SAY_EVERY_S:
                print(words, file=sys.stderr)
                said_at = time.monotonic()
            time.sleep(POLL_S)


def _references_pending(home: Services, run_id: str) -> bool:
    with home.database.read() as session:
        return baselines_pending(session, find_row(session, run_id).eval_dataset_digest)


def progress_words(run: Run) -> str:
    """How far a run is, in one line."""
    words = (run.kind.value, f"{run.id}:", state_words(run), _eta(run), run.progress.message or "")
    return " ".join(word for word in words if word)


def _eta(run: Run) -> str:
    eta = run.progress.eta_s
    return f"{eta / 60:.0f} min left" if eta and eta > 90 else f"{eta:.0f} s left" if eta else ""
