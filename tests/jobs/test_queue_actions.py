"""Whatever people, workers and supervisors do to the queue, in whatever order: its promises hold.

Database, run directories and supervisor are real; a worker is what one leaves in its directory: who it is,
the lock it holds, a checkpoint, a result.
"""

import fcntl
import os
import shutil
import socket
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings, strategies
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select

from backend.db.engine import Database, open_database
from backend.db.models import PausedLaneRow, RunEventRow, RunRow
from backend.errors import ConflictError
from backend.files import write_json
from backend.jobs import queue
from backend.jobs.run_dir import Process, Result, RunDir, start_time
from backend.jobs.supervisor import Supervisor
from backend.services.queue import move_run, pause_lane, read_queue, resume_lane
from backend.services.runs import pause_run, resume_run, stop_run
from backend.settings import Settings
from shared.configs import SimulateConfig, SupervisedConfig
from shared.queue import Direction, QueueMove
from shared.runs import HAS_WORKER, TERMINAL, TRANSITIONS, Lane, RunKind, RunState

CONFIGS = {RunKind.SUPERVISED: SupervisedConfig(), RunKind.SIMULATE: SimulateConfig(name="s", n=20)}
LANES = strategies.sampled_from([Lane.TRAIN, Lane.LIGHT])
PICKED = strategies.integers(0, 7)
BOOL = strategies.booleans()


class Workers:
    """A launcher whose workers are this process, as far as files tell."""

    def __init__(self) -> None:
        self.launched: list[str] = []
        self.locks: dict[str, tuple[RunDir, int, int]] = {}

    def launch(self, run_dir: RunDir, attempt: int, lane: Lane) -> None:
        self.launched.append(run_dir.path.name)
        lock = os.open(run_dir.lock, os.O_RDWR | os.O_CREAT)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.locks[run_dir.path.name] = run_dir, attempt, lock
        me = Process(
            pid=os.getpid(),
            create_time=start_time(os.getpid()),
            host=socket.gethostname(),
            started_at=datetime.now(UTC),
            attempt=attempt,
        )
        (run_dir.path / "process.json").write_text(me.model_dump_json())

    def end(self, process: Process, *, kill: bool) -> None:
        """All of them have one pid: whoever was asked to stop stops."""

    def reap(self) -> None:
        """Nobody is a child."""

    def die(self, run_id: str, outcome: str | None = None, *, checkpoint: bool = False) -> None:
        """With a result, or without a word."""
        run_dir, attempt, lock = self.locks.pop(run_id)
        if checkpoint:
            run_dir.checkpoints.mkdir(exist_ok=True)
            write_json(run_dir.checkpoints / "last", {"step": run_dir.last_checkpoint() + 1})
        if outcome is not None:
            result = Result.model_validate({"attempt": attempt, "outcome": outcome, "reason": "told so"})
            (run_dir.path / "result.json").write_text(result.model_dump_json())
        os.close(lock)


class QueueActions(RuleBasedStateMachine):
    """`ranking` is every run of a lane in order, as one would keep it on paper."""

    home: Settings
    database: Database

    @initialize()
    def begin(self) -> None:
        with self.database.write() as session:
            session.execute(delete(RunRow))
            session.execute(delete(PausedLaneRow))
        shutil.rmtree(self.home.runs_dir)
        self.home.prepare()
        self.workers = Workers()
        self.ranking: dict[Lane, list[str]] = {lane: [] for lane in Lane}
        self.paused: set[Lane] = set()
        self.ended: dict[str, RunState] = {}
        self.supervisor = Supervisor(self.home, self.database, self.workers)
        for kind in (RunKind.SUPERVISED, RunKind.SIMULATE) * 3:
            self.enqueue(kind)

    @rule(kind=strategies.sampled_from(list(CONFIGS)))
    def enqueue(self, kind: RunKind) -> None:
        run_id = queue.enqueue(self.database, self.home.runs_dir, kind, CONFIGS[kind])
        self.ranking[Lane.TRAIN if kind is RunKind.SUPERVISED else Lane.LIGHT].append(run_id)

    @rule(lane=LANES, pick=PICKED, to=strategies.sampled_from(Direction), stale=BOOL)
    def move(self, lane: Lane, pick: int, to: Direction, stale: bool) -> None:
        waiting = self.waiting(lane)
        if not waiting:
            return
        run_id = waiting[pick % len(waiting)]
        with self.database.read() as session:
            rank = session.get_one(RunRow, run_id).queue_rank
        if stale:
            try:
                move_run(self.database, run_id, QueueMove(to=to, rank=rank + 1))
            except ConflictError:
                return
            raise AssertionError("a move that was decided on an older order was obeyed")
        move_run(self.database, run_id, QueueMove(to=to, rank=rank))
        place = waiting.index(run_id)
        after = [other for other in waiting if other != run_id]
        wanted = {Direction.UP: max(place - 1, 0), Direction.DOWN: place + 1, Direction.TOP: 0}[to]
        after.insert(wanted, run_id)
        slots = [index for index, other in enumerate(self.ranking[lane]) if other in waiting]
        for slot, other in zip(slots, after, strict=True):
            self.ranking[lane][slot] = other

    @rule(lane=LANES, pause=BOOL)
    def hold(self, lane: Lane, pause: bool) -> None:
        (pause_lane if pause else resume_lane)(self.database, lane)
        (self.paused.add if pause else self.paused.discard)(lane)

    @rule(killed=BOOL)
    def tick(self, killed: bool) -> None:
        """One round, of the supervisor or of one that takes over from it."""
        if killed:
            self.supervisor = Supervisor(self.home, self.database, self.workers)
        self.workers.launched.clear()
        self.supervisor.tick()
        for run_id in self.workers.launched:
            [lane] = [lane for lane, ranking in self.ranking.items() if run_id in ranking]
            assert lane not in self.paused
            behind = self.ranking[lane][self.ranking[lane].index(run_id) :]
            assert set(self.waiting(lane)) <= set(behind), "somebody was passed over"
        for lane in Lane:
            idle = lane not in self.paused and not self.at_work(lane)
            assert not (idle and self.waiting(lane)), "a free lane lets somebody wait"

    @rule(pick=PICKED, outcome=strategies.sampled_from(["succeeded", "failed", None]), checkpoint=BOOL)
    def end(self, pick: int, outcome: str | None, checkpoint: bool) -> None:
        """A worker comes to its end, or is killed."""
        if self.workers.locks:
            run_id = list(self.workers.locks)[pick % len(self.workers.locks)]
            self.workers.die(run_id, outcome, checkpoint=checkpoint)

    @rule(pick=PICKED, verb=strategies.sampled_from([stop_run, pause_run, resume_run]))
    def ask(self, pick: int, verb) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        every = [run_id for ranking in self.ranking.values() for run_id in ranking]
        if not every:
            return
        run_id = every[pick % len(every)]
        try:
            verb(self.database, run_id)
        except ConflictError:
            return
        if run_id in self.workers.locks and verb is not resume_run:  # it obeys at once
            self.workers.die(run_id, "paused" if verb is pause_run else "cancelled", checkpoint=True)

    @invariant()
    def a_lane_works_on_one_run_at_most(self) -> None:
        assert all(len(self.at_work(lane)) <= 1 for lane in Lane)

    @invariant()
    def what_waits_stands_in_order_everywhere(self) -> None:
        for found in read_queue(self.database).lanes:
            ids = [run.id for run in found.waiting]
            assert ids == self.waiting(found.lane)
            assert [run.queue_position for run in found.waiting] == list(range(1, len(ids) + 1))
            assert (found.paused_at is not None) == (found.lane in self.paused)

    @invariant()
    def nothing_is_lost_and_what_has_ended_stays_ended(self) -> None:
        with self.database.read() as session:
            states = {run.id: RunState(run.state) for run in session.scalars(select(RunRow))}
            events = session.scalars(select(RunEventRow).order_by(RunEventRow.id)).all()
        assert set(states) == {run_id for ranking in self.ranking.values() for run_id in ranking}
        assert all(states[run_id] is state for run_id, state in self.ended.items())
        self.ended = {run_id: state for run_id, state in states.items() if state in TERMINAL}
        for event in events:
            before = event.from_state and RunState(event.from_state)
            assert before is None or before == event.to_state or event.to_state in TRANSITIONS[before]

    def teardown(self) -> None:
        for run_id in list(getattr(self, "workers", Workers()).locks):
            self.workers.die(run_id)

    def waiting(self, lane: Lane) -> list[str]:
        return self._in(lane, {RunState.QUEUED})

    def at_work(self, lane: Lane) -> list[str]:
        return self._in(lane, HAS_WORKER)

    def _in(self, lane: Lane, states: set[RunState] | frozenset[RunState]) -> list[str]:
        wanted = select(RunRow.id).where(RunRow.lane == lane, RunRow.state.in_(states))
        with self.database.read() as session:
            found = set(session.scalars(wanted))
        return [run_id for run_id in self.ranking[lane] if run_id in found]


def test_the_promises_of_the_queue_hold_under_random_actions_and_kills(tmp_path: Path) -> None:
    QueueActions.home = Settings(home=tmp_path).prepare()
    QueueActions.database = open_database(QueueActions.home.database_path)
    few = settings(
        max_examples=12,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.generate],
    )
    run_state_machine_as_test(QueueActions, settings=few)  # type: ignore[no-untyped-call]
