"""The lanes of the queue: the active run, the waiting runs and their order, whether the lane is paused.

A run has a rank in its lane from the time it was queued. Moving a run exchanges ranks among the waiting runs
only: paused and active runs keep theirs, so a run that returns to the queue returns to its place.
"""

from datetime import UTC, datetime

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from backend.db.models import PausedLaneRow, RunRow
from shared.base.states import HAS_WORKER, RunState
from shared.configs.kinds import Lane
from shared.contract.launching import Direction


def waiting(lane: Lane) -> Select[RunRow]:
    """The waiting runs of a lane, next first."""
    queued = select(RunRow).where(RunRow.lane == lane.value, RunRow.state == RunState.QUEUED.value)
    return queued.order_by(RunRow.queue_rank, RunRow.created_at, RunRow.id)


def at_work(session: Session, lane: Lane) -> RunRow | None:
    """The run that occupies a lane, if any."""
    return session.scalar(
        select(RunRow).where(RunRow.lane == lane.value, RunRow.state.in_(HAS_WORKER)).limit(1)
    )


def last_rank(session: Session, lane: Lane) -> int:
    """The rank of a run queued now."""
    return (session.scalar(select(func.max(RunRow.queue_rank)).where(RunRow.lane == lane.value)) or 0) + 1


def move(session: Session, run: RunRow, to: Direction) -> None:
    """Move a waiting run within its lane; has no effect beyond either end."""
    runs = list(session.scalars(waiting(Lane(run.lane))))
    ranks = [one.queue_rank for one in runs]
    place = next(index for index, one in enumerate(runs) if one.id == run.id)
    new_place = {Direction.UP: max(place - 1, 0), Direction.DOWN: place + 1, Direction.TOP: 0}[to]
    runs.insert(new_place, runs.pop(place))
    for run, rank in zip(runs, ranks, strict=True):
        if run.queue_rank != rank:
            session.execute(update(RunRow).where(RunRow.id == run.id).values(queue_rank=rank))


def paused_at(session: Session, lane: Lane) -> datetime | None:
    """When a lane was paused; None if it is not."""
    row = session.get(PausedLaneRow, lane.value)
    return row.paused_at if row else None


def pause(session: Session, lane: Lane) -> None:
    """Start no more runs in a lane. Idempotent."""
    if paused_at(session, lane) is None:
        session.add(PausedLaneRow(lane=lane.value, paused_at=datetime.now(UTC)))


def resume(session: Session, lane: Lane) -> None:
    row = session.get(PausedLaneRow, lane.value)
    if row is not None:
        session.delete(row)
