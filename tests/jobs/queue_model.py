"""A model of the queue: the expected result of every action on it."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine
from sqlalchemy import select

from backend.db.engine import Database
from backend.db.models import RunEventRow, RunRow
from backend.db.points import Curve, read_curves
from backend.jobs.supervisor import Supervisor
from backend.services.runs.lifecycle import get_run, list_events
from backend.services.runs.metrics import read_metrics
from backend.settings import Settings
from shared.base.states import HAS_WORKER, RunState
from shared.configs.kinds import Lane, RunKind
from shared.contract.launching import Direction
from tests.jobs.crashing_database import CrashingDatabase
from tests.jobs.scripted_workers import ScriptedLauncher, ScriptedWorker, values_at

Points = dict[tuple[str, int], float]


def steps_of(curve: Curve) -> Iterable[tuple[int, float]]:
    return zip(curve.step.tolist(), curve.value.tolist(), strict=True)


class QueueModel(RuleBasedStateMachine):
    """`ranking` has the runs of each lane in order, `written` the valid points of each run, `checkpoints` the
    step of its last checkpoint; `live` are the running workers."""

    home: Settings
    database: CrashingDatabase
    other: Database
    """Used by everyone but the supervisor."""
    workers: ScriptedLauncher

    def __init__(self) -> None:
        super().__init__()
        self.live: list[ScriptedWorker] = []
        self.ranking: dict[Lane, list[str]] = {lane: [] for lane in Lane}
        self.paused: set[Lane] = set()
        self.written: dict[str, Points] = defaultdict(dict)
        self.checkpoints: dict[str, int] = {}
        self.ended: dict[str, RunState] = {}
        self.deleted: dict[str, dict[str, Any]] = {}
        self.began, self.late = datetime.now(UTC), timedelta(0)

    def new_supervisor(self) -> None:
        self.supervisor = Supervisor(
            self.home, self.database, self.workers, now=lambda: self.began + self.late
        )

    # State of the database

    def states(self) -> dict[str, RunState]:
        with self.other.read() as session:
            rows = session.execute(select(RunRow.id, RunRow.state).order_by(RunRow.created_at))
            return {row.id: RunState(row.state) for row in rows}

    def any_run(self, pick: int) -> str | None:
        """Any run; active and paused runs are chosen more often."""
        states = self.states()
        favoured = [run_id for run_id, state in states.items() if state in HAS_WORKER | {RunState.PAUSED}]
        found = [*favoured * 3, *states]
        return found[pick % len(found)] if found else None

    def kind(self, run_id: str) -> RunKind:
        return get_run(self.other, run_id).kind

    def rank(self, run_id: str) -> int:
        with self.other.read() as session:
            return session.get_one(RunRow, run_id).queue_rank

    def waiting(self, lane: Lane) -> list[str]:
        states = self.states()
        return [run_id for run_id in self.ranking[lane] if states.get(run_id) is RunState.QUEUED]

    def busy(self, lane: Lane) -> list[str]:
        states = self.states()
        return [run_id for run_id in self.ranking[lane] if states.get(run_id) in HAS_WORKER]

    def stored(self, run_id: str) -> Points:
        """The stored points of a run, which must be unique."""
        with self.other.read() as session:
            curves = read_curves(session, run_id)
        points = [((key, step), value) for key, curve in curves.items() for step, value in steps_of(curve)]
        assert len(points) == len(dict(points))
        return dict(points)

    def seen(self, run_id: str) -> dict[str, Any]:
        """All that a person sees of a run, except its size on disk, which is measured at any time."""
        run = get_run(self.other, run_id).model_dump(exclude={"disk_bytes"})
        events = [event.model_dump() for event in list_events(self.other, run_id)]
        return {"run": run, "events": events, "metrics": read_metrics(self.other, run_id).model_dump()}

    def story(self) -> str:
        """States, events and workers, for the message of a failure."""
        with self.other.read() as session:
            events = session.scalars(select(RunEventRow).order_by(RunEventRow.id)).all()
        workers = [
            f"{worker.run_dir.path.name} attempt {worker.attempt}: {worker.doing}" for worker in self.live
        ]
        lines = [f"{one.run_id}: {one.from_state} → {one.to_state} ({one.reason})" for one in events]
        return "\n".join([*map(str, self.states().items()), *lines, *workers])

    # Actions of people and supervisors

    def note_new_runs(self) -> None:
        known = {run_id for ranking in self.ranking.values() for run_id in ranking}
        with self.other.read() as session:
            rows = session.scalars(select(RunRow).order_by(RunRow.queue_rank)).all()
        for row in rows:
            if row.id not in known:
                self.ranking[Lane(row.lane)].append(row.id)

    def note_move(self, lane: Lane, run_id: str, to: Direction) -> None:
        waiting = self.waiting(lane)
        place = waiting.index(run_id)
        after = [other for other in waiting if other != run_id]
        new_place = {Direction.UP: max(place - 1, 0), Direction.DOWN: place + 1, Direction.TOP: 0}[to]
        after.insert(new_place, run_id)
        slots = [index for index, other in enumerate(self.ranking[lane]) if other in waiting]
        for slot, other in zip(slots, after, strict=True):
            self.ranking[lane][slot] = other

    def note_round(self, *, slow: bool) -> set[str]:
        """Check the runs that a round of the supervisor, complete or not, has started: in order, and in no
        paused lane. Their workers start at once unless `slow`."""
        self.note_new_runs()
        for worker in [worker for worker in self.live if worker.pid in self.workers.killed]:
            self.bury(worker)
        started = [(worker.run_dir.path.name, worker) for worker in self.workers.launched]
        for run_id, worker in started:
            [lane] = [lane for lane, ranking in self.ranking.items() if run_id in ranking]
            assert lane not in self.paused
            behind = self.ranking[lane][self.ranking[lane].index(run_id) :]
            assert set(self.waiting(lane)) <= set(behind), "a waiting run was passed over"
            self.live.append(worker)
            if not slow:
                self.wake(worker)
        self.workers.launched.clear()
        return {run_id for run_id, _ in started}

    def note_day(self) -> None:
        """Deleted runs are removed after a day."""
        for ranking in self.ranking.values():
            ranking[:] = [run_id for run_id in ranking if run_id not in self.deleted]
        self.deleted.clear()

    # Actions of workers

    def doing(self, what: str) -> list[ScriptedWorker]:
        return [worker for worker in self.live if worker.doing == what]

    def wake(self, worker: ScriptedWorker) -> None:
        run_id = worker.run_dir.path.name
        answer = worker.tell("begin")
        if not answer:  # another worker holds the run
            self.bury(worker)
            return
        checkpoint = self.checkpoints.get(run_id, -1)
        worker.doing, worker.step, worker.restarts = "work", max(checkpoint, 0), checkpoint < 0
        assert answer == str(worker.step)
        if checkpoint >= 0:
            points = self.written[run_id].items()
            self.written[run_id] = {at: value for at, value in points if at[1] <= checkpoint}

    def log(self, worker: ScriptedWorker, steps: int) -> None:
        points = self.written[worker.run_dir.path.name]
        if worker.restarts:
            points.clear()
            worker.restarts = False
        worker.tell("log", steps)
        for _ in range(steps):
            worker.step += 1
            for key, value in values_at(worker.attempt, worker.step).items():
                points[key, worker.step] = value

    def save(self, worker: ScriptedWorker) -> None:
        worker.tell("checkpoint")
        self.checkpoints[worker.run_dir.path.name] = worker.step

    def handle_request(self, worker: ScriptedWorker) -> None:
        answer = worker.tell("handle_request")
        if answer != "nothing":
            self.checkpoints[worker.run_dir.path.name] = worker.step
        if answer == "":
            self.bury(worker)

    def end(self, worker: ScriptedWorker, outcome: str) -> None:
        worker.tell("finish", outcome)
        worker.doing = "end"

    def leave(self, worker: ScriptedWorker) -> None:
        worker.tell("leave")
        self.bury(worker)

    def bury(self, worker: ScriptedWorker) -> None:
        worker.wait()
        self.live.remove(worker)
