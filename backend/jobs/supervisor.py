"""One process that claims queued runs, launches workers, ingests what they write and notices their deaths.

Everything it needs to go on after a kill is in the database and the run directories; a new supervisor
takes up where the last one was.
"""

import fcntl
import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import RunRow
from backend.files import write_json
from backend.jobs import registry, verdict
from backend.jobs.ingest import has_news, ingest
from backend.jobs.launcher import Launcher
from backend.jobs.run_dir import RunDir
from backend.jobs.state import change_state
from backend.jobs.verdict import Verdict
from backend.settings import Settings
from shared.runs import HAS_WORKER, Lane, RunState

log = logging.getLogger("galaxyscope.supervisor")

TICK_S = 0.5
STARTING_GRACE_S = 30.0
"""A worker that has not said who it is by then never started."""
KILL_AFTER_S = 30.0
"""From SIGTERM to SIGKILL."""


class Supervisor:
    """`tick` is one round; `run` repeats it. Hold a SupervisorLock while ticking."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        launcher: Launcher,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.settings = settings
        self.database = database
        self.launcher = launcher
        self.now = now
        self._sign_of_life = settings.home / "supervisor.json"
        self._asked_to_end: set[tuple[str, int]] = set()

    def run(self, should_stop: Callable[[], bool]) -> None:
        """Tick until told to stop; an error in one round is logged and the next round goes on."""
        while not should_stop():
            try:
                self.tick()
            except Exception:
                log.exception("a round of the supervisor failed; going on")
            time.sleep(TICK_S)
        self._sign_of_life.unlink(missing_ok=True)

    def tick(self) -> None:
        """Look after every run that should have a worker, then fill the free lanes."""
        self.launcher.reap()
        for run in self._in_states(HAS_WORKER):
            self._look_after(run)
        for run in self._in_states({RunState.LOST}):
            self._decide_lost(run)
        for lane in Lane:
            self._fill(lane)
        self._say_alive()

    def _in_states(self, states: set[RunState] | frozenset[RunState]) -> list[RunRow]:
        with self.database.read() as session:
            names = [state.value for state in states]
            return list(session.scalars(select(RunRow).where(RunRow.state.in_(names)).order_by(RunRow.id)))

    def _look_after(self, run: RunRow) -> None:
        run_dir = self._dir(run)
        alive = run_dir.is_alive()  # before the ingest: what a dead worker wrote is all there
        self._ingest(run, run_dir)
        process = run_dir.process()
        started = process is not None and process.attempt == run.attempt
        if alive and started:
            self._note_running(run)
            self._press_to_end(run, run_dir)
        elif not alive and (started or self._waited_too_long(run)):
            self._conclude(run, run_dir)

    def _ingest(self, run: RunRow, run_dir: RunDir) -> None:
        beat = run_dir.heartbeat()
        moved = beat is not None and beat.attempt == run.attempt and beat.at != run.progress.get("at")
        more = moved or has_news(run, run_dir)
        while more:
            with self.database.write() as session:
                row = session.get_one(RunRow, run.id)
                more = ingest(session, row, run_dir)
                if beat is not None and moved:
                    row.progress = beat.model_dump(mode="json")
                registry.request_baselines(session, self.settings.runs_dir, row)

    def _note_running(self, run: RunRow) -> None:
        if run.state == RunState.STARTING:
            with self.database.write() as session:
                change_state(session, run.id, expected=[RunState.STARTING], to=RunState.RUNNING)

    def _press_to_end(self, run: RunRow, run_dir: RunDir) -> None:
        process = run_dir.process()
        if run.state != RunState.STOPPING or process is None:
            return
        waited = (self.now() - run.state_changed_at).total_seconds()
        if waited > KILL_AFTER_S:
            self.launcher.end(process, kill=True)
        elif (run.id, run.attempt) not in self._asked_to_end:
            self.launcher.end(process, kill=False)
            self._asked_to_end.add((run.id, run.attempt))

    def _waited_too_long(self, run: RunRow) -> bool:
        grace = STARTING_GRACE_S if run.state != RunState.STOPPING else KILL_AFTER_S
        return (self.now() - run.state_changed_at).total_seconds() > grace

    def _conclude(self, run: RunRow, run_dir: RunDir) -> None:
        result = run_dir.result(run.attempt)
        state = RunState(run.state)
        checkpoint = run_dir.last_checkpoint()
        if result is not None:
            decided = verdict.of_result(state, result, has_checkpoint=checkpoint >= 0)
        else:
            decided = verdict.of_death(
                state,
                has_checkpoint=checkpoint >= 0,
                progressed=checkpoint > run.last_checkpoint,
                fruitless_losses=run.fruitless_losses,
                last=run_dir.heartbeat(),
            )
        with self.database.write() as session:
            self._apply(session, run, decided, checkpoint)
            if result is not None:
                last = {"step": result.step, "images_per_s": result.images_per_s, "eta_s": None}
                session.get_one(RunRow, run.id).progress = run.progress | last
            if result is not None and decided.to is RunState.SUCCEEDED:
                registry.register(session, result.produced)
        if decided.to is not RunState.SUCCEEDED:
            registry.clean_up(self.settings.datasets_dir, run.id)
        log.info("%s: %s → %s (%s)", run.id, state, decided.then or decided.to, decided.reason)

    def _apply(self, session: Session, run: RunRow, decided: Verdict, checkpoint: int) -> None:
        counts = {"fruitless_losses": decided.fruitless_losses, "last_checkpoint": checkpoint}
        state = RunState(run.state)
        if state is RunState.STARTING and decided.to is RunState.SUCCEEDED:
            change_state(session, run.id, expected=[state], to=RunState.RUNNING)
            state = RunState.RUNNING  # so quick that no round saw it run
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

    def _decide_lost(self, run: RunRow) -> None:
        with self.database.write() as session:
            reason = run.reason or "the supervisor was killed while it decided"
            change_state(session, run.id, expected=[RunState.LOST], to=RunState.QUEUED, reason=reason)

    def _fill(self, lane: Lane) -> None:
        claimed = self._claim(lane)
        if claimed is not None:
            run_id, attempt = claimed
            self.launcher.launch(RunDir(self.settings.runs_dir / run_id), attempt, lane)
            log.info("%s: launched, attempt %d", run_id, attempt)

    def _claim(self, lane: Lane) -> tuple[str, int] | None:
        busy = [state.value for state in HAS_WORKER]
        with self.database.read() as session:
            in_lane = select(RunRow).where(RunRow.lane == lane.value)
            if session.scalar(in_lane.where(RunRow.state.in_(busy)).limit(1)) is not None:
                return None
            first = in_lane.where(RunRow.state == RunState.QUEUED.value).order_by(RunRow.created_at).limit(1)
            run = session.scalar(first)
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

    def _say_alive(self) -> None:
        write_json(self._sign_of_life, {"pid": os.getpid(), "at": time.time()})


class SupervisorLock:
    """One supervisor a home, by flock."""

    def __init__(self, home: Path) -> None:
        self._path = home / "supervisor.lock"
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free; True if this process holds it."""
        if self._handle is None:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                return False
            self._handle = handle
        return True

    def release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
