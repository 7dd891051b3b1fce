"""The supervisor claims queued runs, launches workers, ingests their output and detects their deaths.

All of its state is in the database and the run directories, so a new supervisor continues where a killed
one stopped.
"""

import logging
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.data.store import cleanup_partials
from backend.db.engine import Database
from backend.db.models import RunRow
from backend.files import write_json
from backend.jobs import queue, registry, verdict
from backend.jobs.housekeeping import Housekeeping, folder_bytes
from backend.jobs.ingest import has_new_metrics, ingest
from backend.jobs.notices import note_end
from backend.jobs.queue import change_state
from backend.jobs.run_dir import Heartbeat, Process, Result, RunDir, pending_requests, process_exists
from backend.jobs.verdict import EndedRun, Verdict
from backend.jobs.webhook import WebhookSender
from backend.jobs.worker import Launcher
from backend.settings import Settings
from shared.base.states import HAS_WORKER, TERMINAL, RunState
from shared.configs.kinds import Lane, Trait, has_trait

log = logging.getLogger("galaxyscope.supervisor")

TICK_S = 0.5
STARTING_GRACE_S = 30.0
"""A worker that has not written its process.json by then has not started."""
KILL_AFTER_S = 30.0
"""Time from SIGTERM to SIGKILL."""


class Supervisor:
    """`tick` is one round; `run` repeats it. Only one may tick at a time (see serve_supervisor).

    `claims` limits the queued runs it may start: a waiting shell command starts only those it waits for.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        launcher: Launcher,
        claims: Callable[[RunRow], bool] = lambda _run: True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.settings = settings
        self.database = database
        self.launcher = launcher
        self.claims = claims
        self.now = now
        self._housekeeping = Housekeeping(settings, database, now)
        self._webhook = WebhookSender(database, now)
        self._heartbeat_file = settings.home / "supervisor.json"

    def run(self, should_stop: Callable[[], bool]) -> None:
        """Tick until `should_stop` is true."""
        while not should_stop():
            self._run_guarded("a round", self.tick)
            time.sleep(TICK_S)
        self._heartbeat_file.unlink(missing_ok=True)

    def tick(self) -> None:
        """Check every run that should have a worker, then fill the free lanes. An error in one run or lane is
        logged and does not affect the others."""
        self.launcher.reap()
        for run in self._with_worker():
            self._run_guarded(run.id, partial(self._check_run, run))
        for lane in Lane:
            self._run_guarded(f"lane {lane}", partial(self._fill, lane))
        self._run_guarded("housekeeping", self._housekeeping.tick)
        self._run_guarded("notices", self._webhook.tick)
        self._write_heartbeat()

    def end_workers(self, patience_s: float) -> None:
        """Tell every worker to write a checkpoint and exit, and wait for them: before a container stops. The
        next supervisor resumes their runs."""
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            processes = [self._dir(run).process() for run in self._with_worker()]
            alive = [process for process in processes if process and process_exists(process)]
            if not alive:
                return
            for process in alive:
                self.launcher.end(process, kill=False)
            time.sleep(TICK_S)

    def _run_guarded(self, what: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # the loop must survive any error of one run or lane
            log.exception("%s: error in the supervisor, which continues", what)

    def _with_worker(self) -> list[RunRow]:
        with self.database.read() as session:
            active = select(RunRow).where(RunRow.state.in_(HAS_WORKER))
            return list(session.scalars(active.order_by(RunRow.created_at, RunRow.id)))

    def _check_run(self, run: RunRow) -> None:
        run_dir = self._dir(run)
        process = run_dir.process()
        alive = process is not None and run_dir.is_alive(process)  # checked before the
        self._ingest(run, run_dir)  # ingest, which then reads all that a dead worker has written
        announced = process is not None and process.attempt == run.attempt
        if process is not None and alive and announced:
            self._note_running(run)
            self._forward_requests(run, run_dir, process)
        elif process is not None and alive:
            self.launcher.end(process, kill=True)  # of an earlier attempt, which still holds the lock
        elif announced or (self._start_timed_out(run) and run_dir.give_up(run.attempt)):
            self._conclude(run, run_dir)

    def _ingest(self, run: RunRow, run_dir: RunDir) -> None:
        beat = run_dir.heartbeat()
        moved = beat is not None and beat.attempt == run.attempt and beat.at != run.progress.get("at")
        more = moved or has_new_metrics(run, run_dir)
        while more:
            with self.database.write() as session:
                row = session.get_one(RunRow, run.id)
                more = ingest(session, row, run_dir)
                if beat is not None and moved:
                    row.progress = _progress(row, beat)
                if "train/loss" not in run.latest_metrics:  # only with its first training step
                    registry.request_baselines(session, self.settings.runs_dir, row)

    def _note_running(self, run: RunRow) -> None:
        if run.state == RunState.STARTING:
            with self.database.write() as session:
                change_state(session, run.id, expected=[RunState.STARTING], to=RunState.RUNNING)

    def _forward_requests(self, run: RunRow, run_dir: RunDir, process: Process) -> None:
        """Repeat the request that its state implies, which the worker may have missed."""
        if run.state == RunState.PAUSING and not pending_requests(run_dir.control):
            run_dir.request("pause")
        elif run.state == RunState.STOPPING:
            waited = (self.now() - run.state_changed_at).total_seconds()
            self.launcher.end(process, kill=waited > KILL_AFTER_S)

    def _start_timed_out(self, run: RunRow) -> bool:
        return (self.now() - run.state_changed_at).total_seconds() > STARTING_GRACE_S

    def _conclude(self, run: RunRow, run_dir: RunDir) -> None:
        result = run_dir.result(run.attempt)
        checkpoint = run_dir.last_checkpoint()
        ended = EndedRun(
            state=RunState(run.state),
            has_checkpoint=checkpoint >= 0,
            progressed=checkpoint > run.last_checkpoint,
            crashes_since_checkpoint=run.crashes_since_checkpoint,
            heartbeat=run_dir.heartbeat(),
            stop_reason=run.reason if run.state == RunState.STOPPING else None,
        )
        decided = verdict.of_result(ended, result) if result else verdict.of_death(ended)
        with self.database.write() as session:
            self._apply(session, run, decided, checkpoint)
            row = session.get_one(RunRow, run.id)
            row.progress = row.progress | {"eta_s": None, "message": None}
            row.disk_bytes = folder_bytes(run_dir.path)
            if result is not None:
                row.progress = row.progress | _progress_at(row.progress, result)
            note_end(session, row, decided)
            if result is not None and decided.to is RunState.SUCCEEDED:
                registry.register(session, row, result.produced)
        if decided.to is not RunState.SUCCEEDED:
            cleanup_partials(self.settings.datasets_dir, run.id)
        log.info("%s: %s → %s (%s)", run.id, run.state, decided.then or decided.to, decided.reason)

    def _apply(self, session: Session, run: RunRow, decided: Verdict, checkpoint: int) -> None:
        counts = {"crashes_since_checkpoint": decided.crashes_since_checkpoint, "last_checkpoint": checkpoint}
        state = RunState(run.state)
        if state is RunState.STARTING and decided.to is RunState.SUCCEEDED:
            change_state(session, run.id, expected=[state], to=RunState.RUNNING)
            state = RunState.RUNNING  # it ended before any round saw it running
        route = [decided.to] + ([decided.then] if decided.then is not None else [])
        for to in route:
            change_state(
                session,
                run.id,
                expected=[state],
                to=to,
                reason=decided.reason,
                suggestion=decided.suggestion,
                columns=counts,
            )
            state = to

    def _fill(self, lane: Lane) -> None:
        claimed = self._claim(lane)
        if claimed is not None:
            run_id, attempt = claimed
            self.launcher.launch(RunDir(self.settings.runs_dir / run_id), attempt, lane)
            log.info("%s: launched, attempt %d", run_id, attempt)

    def _claim(self, lane: Lane) -> tuple[str, int] | None:
        with self.database.read() as session:
            if queue.at_work(session, lane) is not None or queue.paused_at(session, lane) is not None:
                return None
            mine = filter(self.claims, session.scalars(queue.waiting(lane)))
            run = next((run for run in mine if not waits_for_encoder(session, run)), None)
        if run is None:
            return None
        attempt = run.attempt + 1
        columns = {"attempt": attempt, "started_at": run.started_at or self.now()}
        with self.database.write() as session:
            won = change_state(
                session, run.id, expected=[RunState.QUEUED], to=RunState.STARTING, columns=columns
            )
        return (run.id, attempt) if won else None

    def _dir(self, run: RunRow) -> RunDir:
        return RunDir(self.settings.runs_dir / run.id)

    def _write_heartbeat(self) -> None:
        write_json(self._heartbeat_file, {"pid": os.getpid(), "at": time.time()})


def waits_for_encoder(session: Session, run: RunRow) -> bool:
    """Whether the run of its encoder must end first: always for a classifier, for a probe if configured."""
    encoder = session.get(RunRow, run.config.get("encoder") or "")
    waits = has_trait(run.kind, Trait.CLASSIFIES) or run.config.get("when") == "ended"
    return waits and encoder is not None and RunState(encoder.state) not in TERMINAL


def _progress(row: RunRow, beat: Heartbeat) -> dict[str, Any]:
    """The heartbeat as progress. Values it does not have at the moment (the rate during an evaluation, the
    step at the start) keep their last value."""
    known = {key: value for key, value in beat.model_dump(mode="json").items() if value is not None}
    if beat.total_steps is None and row.progress.get("total_steps") is not None:
        known.pop("step")
    return row.progress | known | {"eta_s": beat.eta_s, "message": beat.message}


def _progress_at(last: Mapping[str, Any], result: Result) -> dict[str, Any]:
    """The progress at the end; the epoch of the last heartbeat, some steps ago, grows with the steps."""
    ended: dict[str, Any] = {"step": result.step, "images_per_s": result.images_per_s}
    if last.get("epoch") and last.get("step"):
        ended["epoch"] = last["epoch"] * result.step / last["step"]
    return ended
