"""What becomes of a run whose worker is no longer there. Intent decides, then the result, then the facts."""

from dataclasses import dataclass

from backend.jobs.run_dir import Heartbeat, Result
from shared.runs import RunState

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
    fruitless_losses: int = 0


def of_result(state: RunState, result: Result, has_checkpoint: bool) -> Verdict:
    """The verdict for a worker that ended by itself and left a result."""
    if result.outcome == "failed":
        return Verdict(RunState.FAILED, result.reason, result.suggestion)
    if result.outcome == "succeeded":
        return Verdict(RunState.SUCCEEDED, result.reason)
    if state is RunState.STOPPING:
        return Verdict(RunState.CANCELLED, f"stopped at step {result.step}")
    if state is RunState.PAUSING:
        if has_checkpoint:
            return Verdict(RunState.PAUSED, f"paused at step {result.step}")
        return Verdict(RunState.FAILED, "ended before a first checkpoint, so there is nothing to pause on")
    reason = f"the worker was ended from outside at step {result.step}; it goes on from there"
    return Verdict(RunState.LOST, reason, then=RunState.QUEUED)


def of_death(
    state: RunState, *, has_checkpoint: bool, progressed: bool, fruitless_losses: int, last: Heartbeat | None
) -> Verdict:
    """The verdict for a worker that died without a word.

    `progressed`: a checkpoint was written since the last loss; it sets the count of fruitless losses back.
    """
    if state is RunState.STOPPING:
        return Verdict(RunState.CANCELLED, "stopped; the worker had to be killed")
    if state is RunState.PAUSING:
        if has_checkpoint:
            return Verdict(RunState.PAUSED, "the worker died while pausing; the last checkpoint is kept")
        return Verdict(RunState.FAILED, "the worker died while pausing, before a first checkpoint")
    if last is not None and (last.memory_share or 0) > MEMORY_LIMIT:
        share = f"{last.memory_share:.0%}"
        return Verdict(
            RunState.FAILED,
            f"the worker was killed while it held {share} of the machine's memory",
            "halve the batch size, or train at a smaller image size",
        )
    losses = 1 if progressed else fruitless_losses + 1
    if losses > MAX_FRUITLESS_LOSSES:
        return Verdict(
            RunState.LOST,
            f"the worker died {losses} times without a new checkpoint between",
            "read the log below, then retry",
            then=RunState.FAILED,
            fruitless_losses=losses,
        )
    return Verdict(
        RunState.LOST, "the worker died; taking up its last checkpoint", None, RunState.QUEUED, losses
    )
