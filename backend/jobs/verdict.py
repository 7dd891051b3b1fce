"""What becomes of a run whose worker is no longer there. Intent decides, then the result, then the facts."""

from dataclasses import dataclass

from backend.jobs.run_dir import Heartbeat, Result
from shared.base.states import RunState

MAX_FRUITLESS_LOSSES = 2
"""How often a run is taken up again without a new checkpoint between."""
MEMORY_LIMIT = 0.9
"""A worker killed while it held this share of memory was killed for it."""


@dataclass(frozen=True)
class Verdict:
    """Where the run goes; `then` follows at once where the first is a stop on the way (lost → queued)."""

    to: RunState
    reason: str | None
    suggestion: str | None = None
    then: RunState | None = None
    crashes_since_checkpoint: int = 0


@dataclass(frozen=True)
class Facts:
    """What is known of a run whose worker is gone; `progressed`: a checkpoint came since its last loss;
    `stop_reason`: why it was asked to stop, where that was said."""

    state: RunState
    has_checkpoint: bool
    progressed: bool
    crashes_since_checkpoint: int
    heartbeat: Heartbeat | None = None
    stop_reason: str | None = None


def of_result(facts: Facts, result: Result) -> Verdict:
    """The verdict for a worker that ended by itself and left a result."""
    if result.outcome == "failed":
        return Verdict(RunState.FAILED, result.reason, result.suggestion)
    if result.outcome == "succeeded":
        return Verdict(RunState.SUCCEEDED, result.reason)
    if facts.state is RunState.STOPPING:
        return Verdict(RunState.CANCELLED, facts.stop_reason or f"stopped at step {result.step}")
    if facts.state is RunState.PAUSING:
        return _paused(facts, f"paused at step {result.step}")
    return _lost(facts, f"the worker was ended from outside at step {result.step}")


def of_death(facts: Facts) -> Verdict:
    """The verdict for a worker that died without a word."""
    if facts.state is RunState.STOPPING:
        return Verdict(RunState.CANCELLED, facts.stop_reason or "stopped; the worker had to be killed")
    if facts.state is RunState.PAUSING:
        return _paused(facts, "the worker died while pausing; its last checkpoint is kept")
    share = (facts.heartbeat and facts.heartbeat.memory_share) or 0.0
    if share > MEMORY_LIMIT:
        return Verdict(
            RunState.FAILED,
            f"the worker was killed while it held {share:.0%} of the machine's memory",
            "halve the batch size, or train at a smaller image size",
        )
    return _lost(facts, "the worker died")


def _paused(facts: Facts, reason: str) -> Verdict:
    if facts.has_checkpoint:
        return Verdict(RunState.PAUSED, reason)
    return Verdict(RunState.FAILED, "ended before a first checkpoint, so there is nothing to pause on")


def _lost(facts: Facts, reason: str) -> Verdict:
    losses = 1 if facts.progressed else facts.crashes_since_checkpoint + 1
    if losses <= MAX_FRUITLESS_LOSSES:
        return Verdict(
            RunState.LOST, f"{reason}; taking up its last checkpoint", None, RunState.QUEUED, losses
        )
    return Verdict(
        RunState.LOST,
        f"{reason}, {losses} times without a new checkpoint between",
        "read the log below, then retry",
        RunState.FAILED,
        losses,
    )
