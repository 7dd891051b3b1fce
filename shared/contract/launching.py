"""The cost of a launch, and the queue."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from shared.base.states import RunState
from shared.base.wire import Wire
from shared.configs.kinds import Lane, RunKind, Trait, traits_of
from shared.contract.runs import Progress

PREFLIGHT_KEYS = (
    "preflight/peak_memory_bytes",
    "preflight/free_memory_bytes",
    "preflight/step_s",
    "preflight/evaluation_s",
    "preflight/startup_s",
)
"""Metrics of a preflight: peak memory over the idle process, free memory, seconds of one training step, of
one evaluation, and before the first step."""


class Estimate(Wire):
    """POST /launch/estimate. `source` of time and memory: `measured` by a preflight of this config, `earlier
    run` of the same shape, or `estimated` by arithmetic; `basis` says it in words. Unknown times are None."""

    source: Literal["measured", "earlier run", "estimated"]
    basis: str
    device: str
    parameters: int
    forward_flops: float = Field(description="Of one image, multiply and add as two.")
    training_flops: float = Field(description="Of one image: forward and backward, three times the forward.")
    memory_bytes: int = Field(description="Peak over the idle process.")
    memory_free_bytes: int
    fits: bool
    images_per_s: float | None
    epoch_s: float | None
    total_s: float | None = Field(description="Start-up, steps and evaluations.")
    disk_bytes: int = Field(description="Checkpoints, samples and metrics at the end.")
    disk_free_bytes: int
    device_busy: bool = Field(
        description="A training is active, or the queue is paused, so a preflight cannot run."
    )
    starts_in_s: float | None = Field(description="0 for at once; None if unknown.")
    starts: str = Field(description="When it would start, in words.")


class Advice(Wire):
    """A warning: the launch is allowed, but `field` is probably a mistake."""

    field: str
    sentence: str


class Direction(StrEnum):
    UP = "up"
    DOWN = "down"
    TOP = "top"


class QueueMove(Wire):
    """POST /runs/{id}/move. If the run no longer has `rank`, someone else has moved it: the move is rejected
    (409 `moved_meanwhile`) with the current order."""

    to: Direction
    rank: int | None = Field(None, description="Of the run, as the client saw it.")


class QueuedRun(Wire):
    """One run of a lane, active or waiting."""

    id: str
    kind: RunKind
    traits: list[Trait] = Field(default_factory=traits_of, description="Of its kind.")
    name: str | None
    dataset: str | None
    state: RunState
    progress: Progress


class WaitingRun(QueuedRun):
    """A waiting run. `starts_at` is None if unknown; `after` is the run before it."""

    queue_position: int = Field(description="1 is next in its lane.")
    rank: int = Field(description="Its place among all runs of the lane, ever; only a move changes it.")
    starts_at: datetime | None
    after: str | None


class LaneQueue(Wire):
    """One lane. While it is paused, the active run continues and no other starts."""

    lane: Lane
    paused_at: datetime | None
    at_work: QueuedRun | None
    waiting: list[WaitingRun]


class Queue(Wire):
    """Every lane; the response with the later `read_at` is current."""

    read_at: datetime
    lanes: list[LaneQueue]
