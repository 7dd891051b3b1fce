"""A home as a shell command uses it: opened, jobs queued in it, a supervisor run while the command waits."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import typer

from backend.cli.output import console, print_json, print_run, state_words
from backend.db.models import RunRow
from backend.errors import GalaxyscopeError, UnavailableError
from backend.jobs import queue
from backend.jobs.registry import baselines_pending
from backend.services.launching.create import create_run
from backend.services.machine.status import supervisor_alive
from backend.services.runs.lifecycle import find_row, get_run
from backend.services.services import Services
from backend.serving import serve_supervisor
from backend.settings import Settings
from shared.base.states import TERMINAL, RunState
from shared.base.text import duration
from shared.configs.kinds import Lane, RunKind
from shared.contract.runs import Run, RunRequest

POLL_S = 0.3
SAY_EVERY_S = 10.0


def open_home() -> Services:
    """The home that GALAXYSCOPE_HOME names, created if missing. A command may read what its user may."""
    return Services.open(Settings().reading_everything())


def launch(requests: Sequence[RunRequest], wait: bool, as_json: bool) -> None:
    """Queue runs and print them. With `wait`, wait for their ends, and exit with 1 unless all succeeded."""
    home = open_home()
    runs = [create_run(home.database, home.settings, request) for request in requests]
    if wait:
        runs = [wait_for_run(home, run.id) for run in runs]
    if as_json and len(runs) > 1:
        print_json(runs)
    else:
        for run in runs:
            report_run(home, run, as_json)
    if wait and any(run.state is not RunState.SUCCEEDED for run in runs):
        raise typer.Exit(1)


def run_job(
    home: Services,
    kind: RunKind,
    config: dict[str, Any],
    error: str,
    *,
    name: str | None = None,
    preset: str | None = None,
) -> Run:
    """Queue a job and wait until it has succeeded. Raises GalaxyscopeError with the code `error`."""
    request = RunRequest(kind=kind, config=config, name=name, preset=preset)
    run = wait_for_run(home, create_run(home.database, home.settings, request).id)
    if run.state is not RunState.SUCCEEDED:
        what = " ".join(filter(None, (run.reason, run.suggestion)))
        raise GalaxyscopeError(error, what or f"the job {run.id} ended {run.state}")
    return run


def report_run(home: Services, run: Run, as_json: bool) -> None:
    """Print a run, and what keeps it from starting if it is queued."""
    print_json(run) if as_json else print_run(run)
    if run.state is RunState.QUEUED:
        if not supervisor_alive(home.settings):
            console.print("No supervisor is running: start one with `galaxyscope up`, or add --wait.")
        warn_of_pause(home, run.lane)


def warn_of_pause(home: Services, lane: Lane) -> None:
    """Say that a lane is paused, and how to resume it."""
    with home.database.read() as session:
        paused = queue.paused_at(session, lane) is not None
    if paused:
        console.print(f"The {lane} queue is paused; resume it: galaxyscope queue resume --lane {lane}")


@contextmanager
def supervising(home: Services, claims: Callable[[RunRow], bool]) -> Iterator[Callable[[], None]]:
    """Have a supervisor running: another process, or a thread of this one, which takes its turn and starts
    only runs it `claims`. Yields a check that raises the error that ended the thread, if one did."""
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


def wait_for_run(home: Services, run_id: str) -> Run:
    """Wait until a queued run, and what is before it in the queue, has ended or paused; after a success, also
    for its reference accuracies. Starts those runs itself if no supervisor does."""
    with home.database.read() as session:
        awaited = find_row(session, run_id)
    warn_of_pause(home, Lane(awaited.lane))

    def claims(run: RunRow) -> bool:
        if run.lane == awaited.lane:  # what the lane starts before it, wherever either was moved
            queued = get_run(home.database, run_id).state is RunState.QUEUED
            return queued or run.kind == RunKind.BASELINES
        return run.created_at <= awaited.created_at or run.kind == RunKind.BASELINES

    return _wait(home, run_id, claims, references=True)


def wait_for_end(home: Services, run_id: str) -> Run:
    """Wait until a run that was told to stop or pause has done so; starts no run."""
    return _wait(home, run_id, lambda _run: False, references=False)


def follow(home: Services, run_id: str) -> Run:
    """Wait as wait_for_run does, for runs that a supervisor process starts."""
    return _poll(home, run_id, lambda: None, references=True)


def _wait(home: Services, run_id: str, claims: Callable[[RunRow], bool], *, references: bool) -> Run:
    with supervising(home, claims) as check:
        return _poll(home, run_id, check, references=references)


def _poll(home: Services, run_id: str, check: Callable[[], None], *, references: bool) -> Run:
    with console.status(run_id) as status:
        printed_at = time.monotonic()
        while True:
            check()
            run = get_run(home.database, run_id)
            pending = references and run.state is RunState.SUCCEEDED and _references_pending(home, run_id)
            if run.state in TERMINAL | {RunState.PAUSED} and not pending:
                return run
            words = f"{run_id}: computing reference accuracies …" if pending else progress_words(run)
            status.update(words)
            if not console.is_terminal and time.monotonic() - printed_at > SAY_EVERY_S:
                print(words, file=sys.stderr)
                printed_at = time.monotonic()
            time.sleep(POLL_S)


def _references_pending(home: Services, run_id: str) -> bool:
    with home.database.read() as session:
        return baselines_pending(session, find_row(session, run_id).eval_dataset_digest)


def progress_words(run: Run) -> str:
    """How far a run is, in one line."""
    left = f"{duration(run.progress.eta_s)} left" if run.progress.eta_s else ""
    words = (run.kind.value, f"{run.id}:", state_words(run), left, run.progress.message or "")
    return " ".join(word for word in words if word)
