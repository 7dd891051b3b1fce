"""The queue: read it, move a waiting run, pause and resume a lane."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import RunRow
from backend.errors import ConflictError
from backend.jobs import queue
from backend.services.runs.answers import progress_of
from backend.services.runs.lifecycle import find_row
from backend.services.runs.times import RunHistory
from shared.base.states import RunState
from shared.configs.kinds import Lane
from shared.contract.launching import LaneQueue, Queue, QueuedRun, QueueMove, WaitingRun


def read_queue(database: Database, *, now: datetime | None = None) -> Queue:
    """Every lane: the active run, and when waiting ones start."""
    now = now or datetime.now(UTC)
    with database.read() as session:
        return Queue(read_at=now, lanes=[_lane_queue(session, lane, now) for lane in Lane])


def move_run(database: Database, run_id: str, move: QueueMove) -> Queue:
    """Move a waiting run within its lane. Raises ConflictError, with the current order, if it is no longer
    waiting or was moved since the request was made."""
    with database.write() as session:
        run = find_row(session, run_id)
        if run.state != RunState.QUEUED:
            detail = f"{run_id} is {run.state}; only a waiting run can be moved. {_order(session, run)}"
            raise ConflictError("not_queued", detail)
        if move.rank not in (None, run.queue_rank):
            detail = f"{run_id} was moved by someone else in the meantime. {_order(session, run)}"
            raise ConflictError("moved_meanwhile", detail, "rank")
        queue.move(session, run, move.to)
    return read_queue(database)


def pause_lane(database: Database, lane: Lane) -> Queue:
    """Start no run in the lane until it is resumed; the active run continues."""
    with database.write() as session:
        queue.pause(session, lane)
    return read_queue(database)


def resume_lane(database: Database, lane: Lane) -> Queue:
    with database.write() as session:
        queue.resume(session, lane)
    return read_queue(database)


def _order(session: Session, run: RunRow) -> str:
    waiting = [one.id for one in session.scalars(queue.waiting(Lane(run.lane)))]
    shown = ", ".join(waiting[:6]) + (f" and {len(waiting) - 6} more" if len(waiting) > 6 else "")
    return f"The {run.lane} queue is now: {shown or 'empty'}"


def _lane_queue(session: Session, lane: Lane, now: datetime) -> LaneQueue:
    busy = queue.at_work(session, lane)
    waiting = list(session.scalars(queue.waiting(lane)))
    paused_at = queue.paused_at(session, lane)
    starts = expected_starts(session, busy, waiting, now) if paused_at is None else [None] * len(waiting)
    before = [busy, *waiting]
    return LaneQueue(
        lane=lane,
        paused_at=paused_at,
        at_work=_queued_run(busy) if busy else None,
        waiting=[
            WaitingRun(
                **dict(_queued_run(run)),
                queue_position=place + 1,
                rank=run.queue_rank,
                starts_at=None if start is None else now + timedelta(seconds=start),
                after=previous.id if previous else None,
            )
            for place, (run, start, previous) in enumerate(zip(waiting, starts, before, strict=False))
        ],
    )


def expected_starts(
    session: Session, busy: RunRow | None, waiting: Sequence[RunRow], now: datetime
) -> list[float | None]:
    """Seconds until each waiting run starts, and last until a run queued now would; None after a run of
    unknown duration."""
    free_in = 0.0 if busy is None else _left_s(busy, now)
    starts = [free_in]
    history = RunHistory(session) if waiting and free_in is not None else None
    for run in waiting:
        takes = history.expected_s(run) if history and free_in is not None else None
        free_in = None if free_in is None or takes is None else free_in + takes
        starts.append(free_in)
    return starts


def _left_s(run: RunRow, now: datetime) -> float | None:
    """The remaining time its worker reported, less the time since."""
    eta_s, at = run.progress.get("eta_s"), run.progress.get("at")
    if eta_s is None:
        return None
    return max(float(eta_s) - (now.timestamp() - float(at) if at else 0.0), 0.0)


def _queued_run(run: RunRow) -> QueuedRun:
    return QueuedRun.from_attributes(run, progress=progress_of(run))
