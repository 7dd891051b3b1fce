"""The guarantees of the queue hold under any actions, and kills, of people, workers and supervisors.

Database, run directories, supervisor and workers are real. The test only decides what they do next and when
they are killed, and compares the result with a model.
"""

import contextlib
import shutil
import signal
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, select

from backend.db.engine import WITH_DELETED, Database
from backend.db.models import PausedLaneRow, RunEventRow, RunRow
from backend.errors import ConflictError, NotFoundError
from backend.jobs.supervisor import STARTING_GRACE_S
from backend.services.launching.create import retry_run
from backend.services.runs.disk import delete_run, restore_run
from backend.services.runs.lifecycle import get_run, list_runs, pause_run, resume_run, stop_run
from backend.services.runs.queue import move_run, pause_lane, read_queue, resume_lane
from shared.base.states import HAS_WORKER, TERMINAL, TRANSITIONS, RunState
from shared.configs import Config, PretrainConfig, SelfTestConfig, SimulateConfig
from shared.configs.kinds import Lane, RunKind, Trait, has_trait
from shared.contract.launching import Direction, QueueMove
from shared.contract.runs import UNDO_H, Run
from tests.api.conftest import add_dataset
from tests.homes import enqueue, new_home
from tests.jobs.crashing_database import Crash, CrashingDatabase, Killed
from tests.jobs.queue_model import QueueModel
from tests.jobs.scripted_workers import ScriptedLauncher, ScriptedWorker

S = RunState
Verb = Callable[[Database, str], Run]
CONFIGS: dict[RunKind, Config] = {
    RunKind.PRETRAIN: PretrainConfig(dataset="sky", batch_size=8),
    RunKind.SELFTEST: SelfTestConfig(),
    RunKind.SIMULATE: SimulateConfig(name="s", n=20),
}
KINDS = st.sampled_from([RunKind.PRETRAIN, *CONFIGS])
LANES = st.sampled_from([Lane.TRAIN, Lane.LIGHT])
PICKED = st.integers(0, 23)
SLOW = st.sampled_from([False, False, False, True])
"""Whether the workers of a round start late."""
MOST_RUNS = 8
LATER_S = {"soon": 0.0, "after the grace": STARTING_GRACE_S + 600, "after a day": 3600.0 * (UNDO_H + 1)}


class QueueMachine(QueueModel):
    @initialize(kinds=st.lists(KINDS, min_size=2, max_size=4))
    def begin(self, kinds: list[RunKind]) -> None:
        with self.database.write() as session:
            session.execute(delete(RunRow))
            session.execute(delete(PausedLaneRow))
        for folder in (self.home.runs_dir, self.home.trash_dir):
            shutil.rmtree(folder, ignore_errors=True)
        self.home.prepare()
        self.workers.forget()
        self.new_supervisor()
        for kind in kinds:
            self.enqueue(kind)
        self.a_round("soon", slow=False)

    # Actions of people

    @rule(kind=KINDS)
    def enqueue(self, kind: RunKind) -> None:
        if self.full():
            return
        enqueue(self.other, self.home.runs_dir, kind, CONFIGS[kind])
        self.note_new_runs()

    @rule(lane=LANES, pick=PICKED, to=st.sampled_from(Direction))
    def two_people_move_the_same_run(self, lane: Lane, pick: int, to: Direction) -> None:
        """In the same order: the second is refused if the first has changed it, with the current order."""
        waiting = self.waiting(lane)
        if not waiting:
            return
        run_id = waiting[pick % len(waiting)]
        seen = self.rank(run_id)
        move_run(self.other, run_id, QueueMove(to=to, rank=seen))
        self.note_move(lane, run_id, to)
        if self.rank(run_id) != seen:
            with pytest.raises(ConflictError, match=", ".join(self.waiting(lane)[:6])):
                move_run(self.other, run_id, QueueMove(to=to, rank=seen))

    @rule(lane=LANES, pause=st.booleans())
    def hold(self, lane: Lane, pause: bool) -> None:
        (pause_lane if pause else resume_lane)(self.other, lane)
        (self.paused.add if pause else self.paused.discard)(lane)

    @rule(pick=PICKED, verb=st.sampled_from([stop_run, pause_run, resume_run]))
    def request(self, pick: int, verb: Verb) -> None:
        run_id = self.any_run(pick)
        if run_id is None:
            return
        after = state_after(verb, self.states()[run_id], self.kind(run_id))
        if after is None:
            with pytest.raises(ConflictError, match=run_id):
                verb(self.other, run_id)
        else:
            assert verb(self.other, run_id).state is after

    @rule(pick=PICKED)
    def retry(self, pick: int) -> None:
        run_id = self.any_run(pick)
        if self.full() or run_id is None or self.kind(run_id) not in (RunKind.PRETRAIN, RunKind.SELFTEST):
            return
        if self.states()[run_id] in TERMINAL:
            made = retry_run(self.other, self.home, run_id)
            assert (made.parent_id, made.config) == (run_id, get_run(self.other, run_id).config)
        else:
            with pytest.raises(ConflictError):
                retry_run(self.other, self.home, run_id)
        self.note_new_runs()

    @rule(pick=PICKED)
    def delete(self, pick: int) -> None:
        run_id = self.any_run(pick)
        if run_id is not None and self.states()[run_id] in TERMINAL:
            self.deleted[run_id] = self.seen(run_id)
            delete_run(self.other, self.home, run_id)
        elif run_id is not None:
            with pytest.raises(ConflictError):
                delete_run(self.other, self.home, run_id)

    @rule(pick=PICKED)
    def restore(self, pick: int) -> None:
        for run_id in list(self.deleted)[pick : pick + 1]:
            restore_run(self.other, self.home, run_id)
            assert self.seen(run_id) == self.deleted.pop(run_id)

    # Actions of workers, and kills

    @rule(pick=PICKED)
    def a_worker_starts(self, pick: int) -> None:
        for worker in picked(self.doing("wake"), pick):
            self.wake(worker)

    @rule(steps=st.integers(1, 5), checkpoint=st.booleans(), handle=st.booleans())
    def time_passes(self, steps: int, checkpoint: bool, handle: bool) -> None:
        """Every worker logs, and handles its requests or has not seen them yet."""
        for worker in self.doing("work"):
            self.log(worker, steps)
            if checkpoint:
                self.save(worker)
            if handle:
                self.handle_request(worker)
        self.a_round("soon", slow=False)

    @rule(pick=PICKED, steps=st.integers(1, 5), checkpoint=st.booleans())
    def a_worker_works(self, pick: int, steps: int, checkpoint: bool) -> None:
        for worker in picked(self.doing("work"), pick):
            self.log(worker, steps)
            if checkpoint:
                self.save(worker)

    @rule(pick=PICKED)
    def a_worker_handles_its_request(self, pick: int) -> None:
        for worker in picked(self.doing("work"), pick):
            self.handle_request(worker)

    @rule(pick=PICKED, outcome=st.sampled_from(["succeeded", "failed"]), leaves=st.booleans())
    def a_worker_ends(self, pick: int, outcome: str, leaves: bool) -> None:
        """With a result; its process exits at once or later."""
        for worker in picked(self.doing("work"), pick):
            self.end(worker, outcome)
            if leaves:
                self.leave(worker)

    @rule(pick=PICKED, how=st.sampled_from(["kill", "terminate", "tear"]))
    def a_worker_is_killed(self, pick: int, how: str) -> None:
        """By SIGKILL, possibly in the middle of a line, or by a SIGTERM that it has not handled yet."""
        for worker in picked(self.live, pick):
            if how == "terminate" and worker.doing == "work":
                worker.send(signal.SIGTERM)
                continue
            if how == "tear" and worker.doing == "work":
                worker.tell("tear")
            worker.send(signal.SIGKILL)
            self.bury(worker)

    @rule(count=st.integers(1, 4), when=st.sampled_from(["before commit", "after commit"]), slow=SLOW)
    def the_supervisor_is_killed(self, count: int, when: Any, slow: bool) -> None:
        """At one of its writes: between a read and its commit, or between a claim and the launch."""
        self.database.crash = Crash(count, when)
        with contextlib.suppress(Killed):
            self.supervisor.tick()
        self.database.crash = None
        self.new_supervisor()
        self.note_round(slow=slow)

    @rule(count=st.integers(1, 4), pick=PICKED, verb=st.sampled_from([stop_run, pause_run]))
    def a_request_arrives_in_the_middle_of_a_round(self, count: int, pick: int, verb: Verb) -> None:
        """After the supervisor has read, before it writes."""

        def request() -> None:
            run_id = self.any_run(pick)
            if run_id is not None:
                with contextlib.suppress(ConflictError):
                    verb(self.other, run_id)

        self.database.crash = Crash(count, "interference", request)
        self.supervisor.tick()
        self.database.crash = None
        self.note_round(slow=False)

    @rule(when=st.sampled_from(["soon"] * 6 + list(LATER_S)), slow=SLOW)
    def a_round(self, when: str, slow: bool) -> None:
        """A round without interference: all metrics are stored, and no free lane has a waiting run."""
        checked = {run_id for run_id, state in self.states().items() if state in HAS_WORKER}
        if when == "after a day":
            self.note_day()
        self.late = timedelta(seconds=LATER_S[when])
        self.supervisor.tick()
        self.late = timedelta(0)
        for run_id in checked - self.note_round(slow=slow):
            assert self.stored(run_id) == self.written[run_id], (
                f"{run_id}\n{self.stored(run_id)}\n{self.written[run_id]}\n{self.story()}"
            )
        for lane in Lane:
            assert lane in self.paused or self.busy(lane) or not self.waiting(lane)

    def full(self) -> bool:
        return sum(map(len, self.ranking.values())) >= MOST_RUNS

    # Invariants

    @invariant()
    def a_lane_has_at_most_one_active_run(self) -> None:
        assert all(len(self.busy(lane)) <= 1 for lane in Lane)

    @invariant()
    def waiting_runs_are_in_order(self) -> None:
        for found in read_queue(self.other).lanes:
            ids = [run.id for run in found.waiting]
            assert ids == self.waiting(found.lane)
            assert [run.queue_position for run in found.waiting] == list(range(1, len(ids) + 1))
            assert (found.paused_at is not None) == (found.lane in self.paused)

    @invariant()
    def no_run_is_lost_and_ended_runs_stay_ended(self) -> None:
        states = self.states()
        known = {run_id for ranking in self.ranking.values() for run_id in ranking}
        assert set(states) == known - set(self.deleted)
        assert all(states.get(run_id, state) is state for run_id, state in self.ended.items())
        self.ended |= {run_id: state for run_id, state in states.items() if state in TERMINAL}

    @invariant()
    def every_run_has_made_allowed_transitions(self) -> None:
        with self.other.read() as session:
            events = session.scalars(select(RunEventRow).order_by(RunEventRow.id)).all()
            rows = session.scalars(select(RunRow), execution_options=WITH_DELETED).all()
        at: dict[str, RunState | None] = defaultdict(lambda: None)
        for event in events:
            before, to = at[event.run_id], S(event.to_state)
            assert event.from_state == before
            assert to == before or to in (TRANSITIONS[before] if before else {S.QUEUED})
            at[event.run_id] = to
        assert {row.id: row.state for row in rows} == at

    @invariant()
    def deleted_runs_are_not_found(self) -> None:
        listed = {run.id for run in list_runs(self.other, kinds=list(RunKind), archived=True)}
        assert not listed & set(self.deleted)
        for run_id in self.deleted:
            with pytest.raises(NotFoundError):
                get_run(self.other, run_id)

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.finish_everything()
        finally:
            for worker in list(self.live):
                worker.send(signal.SIGKILL)

    def finish_everything(self) -> None:
        """Every run ends, every valid point is stored once, and no worker is left."""
        for run_id in list(self.deleted):
            restore_run(self.other, self.home, run_id)
        self.deleted.clear()
        for lane in Lane:
            self.hold(lane, False)
        for _ in range(100):
            for worker in list(self.live):
                self.finish_work(worker)
            self.a_round("after the grace", slow=False)
            states = self.states()
            for run_id in [run_id for run_id, state in states.items() if state is S.PAUSED]:
                resume_run(self.other, run_id)
            if set(states.values()) <= TERMINAL:
                break
        assert set(self.states().values()) <= TERMINAL, self.story()
        assert not self.live, self.story()
        for run_id in self.states():
            assert self.stored(run_id) == self.written[run_id], (
                f"{run_id}\n{self.stored(run_id)}\n{self.written[run_id]}\n{self.story()}"
            )

    def finish_work(self, worker: ScriptedWorker) -> None:
        if worker.doing == "wake":
            self.wake(worker)
        if worker.doing == "work" and worker in self.live:
            self.handle_request(worker)
        if worker.doing == "work" and worker in self.live:
            self.log(worker, 2)
            self.end(worker, "succeeded")
        if worker.doing == "end" and worker in self.live:
            self.leave(worker)


def picked(workers: list[ScriptedWorker], pick: int) -> list[ScriptedWorker]:
    """One of them, if any; the draw must not depend on the state of the machine."""
    return [workers[pick % len(workers)]] if workers else []


def state_after(verb: Verb, state: RunState, kind: RunKind) -> RunState | None:
    """The state of a run after a request; None if it is refused."""
    if verb is stop_run:
        at_once = dict.fromkeys((S.QUEUED, S.PAUSED, S.LOST), S.CANCELLED)
        return (at_once | dict.fromkeys((S.STARTING, S.RUNNING, S.PAUSING), S.STOPPING)).get(state, state)
    if verb is pause_run:
        return S.PAUSING if state is S.RUNNING and has_trait(kind, Trait.TRAINS) else None
    return S.QUEUED if state is S.PAUSED else None


FEW = settings(
    max_examples=9,
    stateful_step_count=35,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)


def test_the_guarantees_of_the_queue_hold_under_random_actions_and_kills(tmp_path: Path) -> None:
    QueueMachine.home = new_home(tmp_path)
    QueueMachine.database = CrashingDatabase(QueueMachine.home.database_path)
    QueueMachine.other = Database(QueueMachine.home.database_path)
    add_dataset(QueueMachine.other, QueueMachine.home, "sky")
    with tempfile.TemporaryDirectory() as folder:
        QueueMachine.workers = ScriptedLauncher(Path(folder))
        try:
            run_state_machine_as_test(QueueMachine, settings=FEW)  # type: ignore[no-untyped-call]
        finally:
            QueueMachine.workers.close()
