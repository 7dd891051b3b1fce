"""Whatever people, workers and supervisors do to the queue, in whatever order, and whoever is killed: its
promises hold.

Database, run directories, supervisor and workers are real. Only what they do next, and when they die, is
told them here, and what must come of it is kept on paper.
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
from tests.jobs.mortal import Fate, Killed, MortalDatabase
from tests.jobs.queue_on_paper import QueueOnPaper
from tests.jobs.told_workers import Told, ToldWorkers

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
"""Whether the workers of a round take their time to come up."""
MOST_RUNS = 8
LATER_S = {"soon": 0.0, "after the grace": STARTING_GRACE_S + 600, "after a day": 3600.0 * (UNDO_H + 1)}


class QueueMachine(QueueOnPaper):
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

    # What people do

    @rule(kind=KINDS)
    def enqueue(self, kind: RunKind) -> None:
        if self.full():
            return
        enqueue(self.other, self.home.runs_dir, kind, CONFIGS[kind])
        self.note_new_runs()

    @rule(lane=LANES, pick=PICKED, to=st.sampled_from(Direction))
    def two_people_move_the_same_run(self, lane: Lane, pick: int, to: Direction) -> None:
        """On the same order: the second is refused where the first changed it, and told the order of now."""
        waiting = self.waiting(lane)
        if not waiting:
            return
        run_id = waiting[pick % len(waiting)]
        seen = self.rank(run_id)
        move_run(self.other, run_id, QueueMove(to=to, rank=seen))
        self.note_move(lane, run_id, to)
        if self.rank(run_id) != seen:
            with pytest.raises(ConflictError, match=f"is now: {', '.join(self.waiting(lane)[:6])}"):
                move_run(self.other, run_id, QueueMove(to=to, rank=seen))

    @rule(lane=LANES, pause=st.booleans())
    def hold(self, lane: Lane, pause: bool) -> None:
        (pause_lane if pause else resume_lane)(self.other, lane)
        (self.paused.add if pause else self.paused.discard)(lane)

    @rule(pick=PICKED, verb=st.sampled_from([stop_run, pause_run, resume_run]))
    def ask(self, pick: int, verb: Verb) -> None:
        run_id = self.any_run(pick)
        if run_id is None:
            return
        after = obeyed(verb, self.states()[run_id], self.kind(run_id))
        if after is None:
            with pytest.raises(ConflictError, match=f"{run_id} is"):
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

    # What workers do, and who is killed

    @rule(pick=PICKED)
    def a_worker_comes_up(self, pick: int) -> None:
        for worker in picked(self.doing("wake"), pick):
            self.wake(worker)

    @rule(steps=st.integers(1, 5), checkpoint=st.booleans(), obey=st.booleans())
    def a_while_goes_by(self, steps: int, checkpoint: bool, obey: bool) -> None:
        """In which every worker works, and hears what it is asked, or has not come to it yet."""
        for worker in self.doing("work"):
            self.log(worker, steps)
            if checkpoint:
                self.save(worker)
            if obey:
                self.look(worker)
        self.a_round("soon", slow=False)

    @rule(pick=PICKED, steps=st.integers(1, 5), checkpoint=st.booleans())
    def a_worker_works(self, pick: int, steps: int, checkpoint: bool) -> None:
        for worker in picked(self.doing("work"), pick):
            self.log(worker, steps)
            if checkpoint:
                self.save(worker)

    @rule(pick=PICKED)
    def a_worker_looks_what_it_is_asked(self, pick: int) -> None:
        for worker in picked(self.doing("work"), pick):
            self.look(worker)

    @rule(pick=PICKED, outcome=st.sampled_from(["succeeded", "failed"]), leaves=st.booleans())
    def a_worker_ends(self, pick: int, outcome: str, leaves: bool) -> None:
        """With its result; its process is gone at once, or later."""
        for worker in picked(self.doing("work"), pick):
            self.end(worker, outcome)
            if leaves:
                self.leave(worker)

    @rule(pick=PICKED, how=st.sampled_from(["kill", "terminate", "tear"]))
    def a_worker_is_killed(self, pick: int, how: str) -> None:
        """By kill −9, at rest or in the middle of a line, or by a SIGTERM that it has yet to hear."""
        for worker in picked(self.told, pick):
            if how == "terminate" and worker.doing == "work":
                worker.send(signal.SIGTERM)
                continue
            if how == "tear" and worker.doing == "work":
                worker.tell("tear")
            worker.send(signal.SIGKILL)
            self.bury(worker)

    @rule(count=st.integers(1, 4), when=st.sampled_from(["before commit", "after commit"]), slow=SLOW)
    def the_supervisor_is_killed(self, count: int, when: Any, slow: bool) -> None:
        """At one of its writes: between what it has read and its commit, between a claim and the launch."""
        self.database.fate = Fate(count, when)
        with contextlib.suppress(Killed):
            self.supervisor.tick()
        self.database.fate = None
        self.new_supervisor()
        self.note_round(slow=slow)

    @rule(count=st.integers(1, 4), pick=PICKED, verb=st.sampled_from([stop_run, pause_run]))
    def somebody_asks_in_the_middle_of_a_round(self, count: int, pick: int, verb: Verb) -> None:
        """After the supervisor has read, and before it writes."""

        def ask() -> None:
            run_id = self.any_run(pick)
            if run_id is not None:
                with contextlib.suppress(ConflictError):
                    verb(self.other, run_id)

        self.database.fate = Fate(count, "meddled", ask)
        self.supervisor.tick()
        self.database.fate = None
        self.note_round(slow=False)

    @rule(when=st.sampled_from(["soon"] * 6 + list(LATER_S)), slow=SLOW)
    def a_round(self, when: str, slow: bool) -> None:
        """A quiet one: its metrics are in, and no free lane lets anybody wait."""
        looked_after = {run_id for run_id, state in self.states().items() if state in HAS_WORKER}
        if when == "after a day":
            self.note_day()
        self.late = timedelta(seconds=LATER_S[when])
        self.supervisor.tick()
        self.late = timedelta(0)
        for run_id in looked_after - self.note_round(slow=slow):
            assert self.stored(run_id) == self.written[run_id], (
                f"{run_id}\n{self.stored(run_id)}\n{self.written[run_id]}\n{self.story()}"
            )
        for lane in Lane:
            assert lane in self.paused or self.busy(lane) or not self.waiting(lane)

    def full(self) -> bool:
        return sum(map(len, self.ranking.values())) >= MOST_RUNS

    # What holds at any time

    @invariant()
    def a_lane_works_on_one_run_at_most(self) -> None:
        assert all(len(self.busy(lane)) <= 1 for lane in Lane)

    @invariant()
    def what_waits_stands_in_order(self) -> None:
        for found in read_queue(self.other).lanes:
            ids = [run.id for run in found.waiting]
            assert ids == self.waiting(found.lane)
            assert [run.queue_position for run in found.waiting] == list(range(1, len(ids) + 1))
            assert (found.paused_at is not None) == (found.lane in self.paused)

    @invariant()
    def nothing_is_lost_and_what_has_ended_stays_ended(self) -> None:
        states = self.states()
        known = {run_id for ranking in self.ranking.values() for run_id in ranking}
        assert set(states) == known - set(self.deleted)
        assert all(states.get(run_id, state) is state for run_id, state in self.ended.items())
        self.ended |= {run_id: state for run_id, state in states.items() if state in TERMINAL}

    @invariant()
    def every_run_has_gone_the_ways_of_the_table(self) -> None:
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
    def what_is_deleted_is_found_nowhere(self) -> None:
        listed = {run.id for run in list_runs(self.other, kinds=list(RunKind), archived=True)}
        assert not listed & set(self.deleted)
        for run_id in self.deleted:
            with pytest.raises(NotFoundError):
                get_run(self.other, run_id)

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.let_all_run()
        finally:
            for worker in list(self.told):
                worker.send(signal.SIGKILL)

    def let_all_run(self) -> None:
        """Everything comes to its end, every point that counts is there once, and no worker is left."""
        for run_id in list(self.deleted):
            restore_run(self.other, self.home, run_id)
        self.deleted.clear()
        for lane in Lane:
            self.hold(lane, False)
        for _ in range(100):
            for worker in list(self.told):
                self.bring_to_its_end(worker)
            self.a_round("after the grace", slow=False)
            states = self.states()
            for run_id in [run_id for run_id, state in states.items() if state is S.PAUSED]:
                resume_run(self.other, run_id)
            if set(states.values()) <= TERMINAL:
                break
        assert set(self.states().values()) <= TERMINAL, self.story()
        assert not self.told, self.story()
        for run_id in self.states():
            assert self.stored(run_id) == self.written[run_id], (
                f"{run_id}\n{self.stored(run_id)}\n{self.written[run_id]}\n{self.story()}"
            )

    def bring_to_its_end(self, worker: Told) -> None:
        if worker.doing == "wake":
            self.wake(worker)
        if worker.doing == "work" and worker in self.told:
            self.look(worker)
        if worker.doing == "work" and worker in self.told:
            self.log(worker, 2)
            self.end(worker, "succeeded")
        if worker.doing == "end" and worker in self.told:
            self.leave(worker)


def picked(workers: list[Told], pick: int) -> list[Told]:
    """One of them, where there is one: what is drawn must not depend on what the machine has come to."""
    return [workers[pick % len(workers)]] if workers else []


def obeyed(verb: Verb, state: RunState, kind: RunKind) -> RunState | None:
    """Where a run is after a verb; None where it is refused."""
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


def test_the_promises_of_the_queue_hold_under_random_actions_and_kills(tmp_path: Path) -> None:
    QueueMachine.home = new_home(tmp_path)
    QueueMachine.database = MortalDatabase(QueueMachine.home.database_path)
    QueueMachine.other = Database(QueueMachine.home.database_path)
    add_dataset(QueueMachine.other, QueueMachine.home, "sky")
    with tempfile.TemporaryDirectory() as folder:
        QueueMachine.workers = ToldWorkers(Path(folder))
        try:
            run_state_machine_as_test(QueueMachine, settings=FEW)  # type: ignore[no-untyped-call]
        finally:
            QueueMachine.workers.close()
