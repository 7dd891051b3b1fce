"""The queue as page, API and shell see it: what runs, what waits, in which order, and from when."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from shared.runs import Lane, Progress, RunKind, RunState, Wire


class Direction(StrEnum):
    UP = "up"
    DOWN = "down"
    TOP = "top"


class QueueMove(Wire):
    """POST /runs/{id}/move. Where `rank` is given and the run has another by now, somebody else has moved it:
    the move is refused (409 `moved_meanwhile`) with the order of now, and nothing changes."""

    to: Direction
    rank: int | None = Field(None, description="Of the run, as it was seen.")


class QueuedRun(Wire):
    """One run of a lane, at work or waiting."""

    id: str
    kind: RunKind
    name: str | None
    dataset: str | None
    state: RunState
    progress: Progress


class WaitingRun(QueuedRun):
    """A run that waits. `starts_at` is None where it cannot be told; `after` is the run before it."""

    queue_position: int = Field(description="1 is next in its lane.")
    rank: int = Field(description="Its place among all runs of the lane, ever; changes only by a move.")
    starts_at: datetime | None
    after: str | None


class LaneQueue(Wire):
    """One lane. While it is paused what is at work goes on, and nothing new starts."""

    lane: Lane
    paused_at: datetime | None
    at_work: QueuedRun | None
    waiting: list[WaitingRun]


class Queue(Wire):
    """Every lane; of two answers the one with the later `read_at` is right."""

    read_at: datetime
    lanes: list[LaneQueue]
