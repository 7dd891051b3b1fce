"""The next state of a run whose worker has exited. The request decides, then the result, then the
evidence."""

from dataclasses import dataclass

from backend.jobs.run_dir import Heartbeat, Result
from shared.base.states import RunState

MAX_CRASHES = 2
"""How often a run is resumed without a new checkpoint in between."""
MEMORY_LIMIT = 0.9
"""A worker that held more than this share of memory when killed was killed for it."""


@dataclass(frozen=True)
class Verdict:
    """The next state; `then` follows at once if `to` is intermediate (lost → queued)."""

    to: RunState
    reason: str | None
    suggestion: str | None = None
    then: RunState | None = None
    crashes_since_checkpoint: int = 0


@dataclass(frozen=True)
class EndedRun:
    """A run whose worker has exited. `progressed`: it wrote a checkpoint since its last crash; `stop_reason`:
    why a stop was requested, if known."""

    state: RunState
    has_checkpoint: bool
    progressed: bool
    crashes_since_checkpoint: int
    heartbeat: Heartbeat | None = None
    stop_reason: str | None = None


def of_result(run: EndedRun, result: Result) -> Verdict:
    """The verdict for a worker that left a result."""
    if result.outcome == "failed":
        return Verdict(RunState.FAILED, result.reason, result.suggestion)
    if result.outcome == "succeeded":
        return Verdict(RunState.SUCCEEDED, result.reason)
    if run.state is RunState.STOPPING:
        return Verdict(RunState.CANCELLED, run.stop_reason or f"stopped at step {result.step}")
    if run.state is RunState.PAUSING:
        return _paused(run, f"paused at step {result.step}")
    return _lost(run, f"the worker was terminated from outside at step {result.step}")


def of_death(run: EndedRun) -> Verdict:
    """The verdict for a worker that died without a result."""
    if run.state is RunState.STOPPING:
        return Verdict(RunState.CANCELLED, run.stop_reason or "stopped; the worker had to be killed")
    if run.state is RunState.PAUSING:
        return _paused(run, "the worker crashed while pausing; its last checkpoint is kept")
    share = (run.heartbeat and run.heartbeat.memory_share) or 0.0
    if share > MEMORY_LIMIT:
        return Verdict(
            RunState.FAILED,
            f"the worker was killed while it held {share:.0%} of the machine's memory",
            "halve the batch size, or reduce the image size",
        )
    return _lost(run, "the worker crashed")


def _paused(run: EndedRun, reason: str) -> Verdict:
    if run.has_checkpoint:
        return Verdict(RunState.PAUSED, reason)
    return Verdict(RunState.FAILED, "ended before its first checkpoint, so it cannot be resumed")


def _lost(run: EndedRun, reason: str) -> Verdict:
    crashes = 1 if run.progressed else run.crashes_since_checkpoint + 1
    if crashes <= MAX_CRASHES:
        return Verdict(
            RunState.LOST, f"{reason}; resuming from its last checkpoint", None, RunState.QUEUED, crashes
        )
    return Verdict(
        RunState.LOST,
        f"{reason} {crashes} times without a new checkpoint in between",
        "read the log below, then retry",
        RunState.FAILED,
        crashes,
    )
