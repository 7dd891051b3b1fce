"""States of a run and the TRANSITIONS between them; only `backend.jobs.queue` changes a state."""

from enum import StrEnum


class RunState(StrEnum):
    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    STOPPING = "stopping"
    LOST = "lost"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


_S = RunState


TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    _S.QUEUED: frozenset({_S.STARTING, _S.CANCELLED}),
    _S.STARTING: frozenset({_S.RUNNING, _S.STOPPING, _S.FAILED, _S.LOST}),
    _S.RUNNING: frozenset({_S.PAUSING, _S.STOPPING, _S.SUCCEEDED, _S.FAILED, _S.LOST}),
    _S.PAUSING: frozenset({_S.PAUSED, _S.SUCCEEDED, _S.FAILED, _S.STOPPING, _S.LOST}),
    _S.PAUSED: frozenset({_S.QUEUED, _S.CANCELLED}),
    _S.STOPPING: frozenset({_S.CANCELLED, _S.SUCCEEDED, _S.FAILED}),
    _S.LOST: frozenset({_S.QUEUED, _S.PAUSED, _S.FAILED, _S.CANCELLED}),
    _S.SUCCEEDED: frozenset(),
    _S.FAILED: frozenset(),
    _S.CANCELLED: frozenset(),
}


TERMINAL = frozenset(state for state, after in TRANSITIONS.items() if not after)


HAS_WORKER = frozenset({_S.STARTING, _S.RUNNING, _S.PAUSING, _S.STOPPING})
"""States in which a worker process should exist."""
