"""The lanes of the queue: what is at work, what waits and in which order, whether it is paused.

A run has a rank in its lane from when it was queued. Moving one exchanges ranks among those that wait: what
is paused or at work keeps its own, so that a run which comes back, resumed or lost, is where it was.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from backend.db.models import PausedLaneRow, RunRow
from shared.base.states import HAS_WORKER, RunState
from shared.configs.kinds import Lane
from shared.contract.launching import Direction


def waiting(lane: Lane) -> Select[RunRow]:
    """The runs that wait in a lane, next first."""
    queued = select(RunRow).where(RunRow.lane == lane.value, RunRow.state == RunState.QUEUED.value)
    return queued.order_by(RunRow.queue_rank, RunRow.created_at, RunRow.id)


def at_work(session: Session, lane: Lane) -> RunRow | None:
    """The run that occupies a lane, if one does."""
    busy = [state.value for state in HAS_WORKER]
    return session.scalar(select(RunRow).where(RunRow.lane == lane.value, RunRow.state.in_(busy)).limit(1))


def last_rank(session: Session, lane: Lane) -> int:
    """The rank of a run that is queued now."""
    return (session.scalar(select(func.max(RunRow.queue_rank)).where(RunRow.lane == lane.value)) or 0) + 1


def move(session: Session, run: RunRow, to: Direction) -> None:
    """Exchange places within the lane of a waiting run; at the end of the queue nothing happens."""
    runs = list(session.scalars(waiting(Lane(run.lane))))
    ranks = [one.queue_rank for one in runs]
    place = next(index for index, one in enumerate(runs) if one.id == run.id)
    wanted = {Direction.UP: max(place - 1, 0), Direction.DOWN: place + 1, Direction.TOP: 0}[to]
    runs.insert(wanted, runs.pop(place))
    _give_ranks(session, runs, ranks)


def _give_ranks(session: Session, runs: Sequence[RunRow], ranks: Sequence[int]) -> None:
    for run, rank in zip(runs, ranks, strict=True):
        if run.queue_rank != rank:
            session.execute(update(RunRow).where(RunRow.id == run.id).values(queue_rank=rank))


def paused_at(session: Session, lane: Lane) -> datetime | None:
    """Since when a lane starts nothing; None where it does."""
    row = session.get(PausedLaneRow, lane.value)
    return row.paused_at if row else None


def pause(session: Session, lane: Lane) -> None:
    """Start nothing new in a lane; twice is as once."""
    if paused_at(session, lane) is None:
        session.add(PausedLaneRow(lane=lane.value, paused_at=datetime.now(UTC)))


def resume(session: Session, lane: Lane) -> None:
    row = session.get(PausedLaneRow, lane.value)
    if row is not None:
        session.delete(row)
