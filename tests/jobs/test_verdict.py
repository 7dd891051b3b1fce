"""The next state of a run whose worker has exited: decided by its request, its result, then the evidence."""

import itertools
from typing import Any

import pytest

from backend.jobs.run_dir import Heartbeat, Result
from backend.jobs.verdict import EndedRun, Verdict, of_death, of_result
from shared.base.states import TRANSITIONS, RunState

S = RunState
WORKING = [S.STARTING, S.RUNNING, S.PAUSING, S.STOPPING]


def ended_run(
    state: S, *, checkpoint: bool = True, progressed: bool = False, crashes: int = 0, memory: float = 0.1
) -> EndedRun:
    return EndedRun(state, checkpoint, progressed, crashes, Heartbeat(attempt=1, at=0, memory_share=memory))


def death(state: S, **known: Any) -> Verdict:
    return of_death(ended_run(state, **known))


@pytest.mark.parametrize("state", WORKING)
@pytest.mark.parametrize("checkpoint", [False, True])
def test_a_crash_leads_to_the_requested_state(state: S, checkpoint: bool) -> None:
    expected = {
        S.STARTING: (S.LOST, S.QUEUED),
        S.RUNNING: (S.LOST, S.QUEUED),
        S.STOPPING: (S.CANCELLED, None),
        S.PAUSING: (S.PAUSED if checkpoint else S.FAILED, None),
    }
    decided = death(state, checkpoint=checkpoint)
    assert (decided.to, decided.then) == expected[state]


def test_the_reason_of_a_stop_request_is_kept() -> None:
    stopping = EndedRun(S.STOPPING, True, False, 0, stop_reason="stopped early at epoch 2")
    ended = Result(attempt=1, outcome="cancelled", step=40, exit_code=0)
    assert of_result(stopping, ended).reason == of_death(stopping).reason == stopping.stop_reason
    assert "40" in str(of_result(ended_run(S.STOPPING), ended).reason)


def test_a_run_is_resumed_twice_without_progress_but_not_a_third_time() -> None:
    first = death(S.RUNNING, checkpoint=False)
    second = death(S.RUNNING, checkpoint=False, crashes=first.crashes_since_checkpoint)
    third = death(S.RUNNING, checkpoint=False, crashes=second.crashes_since_checkpoint)
    assert [verdict.then for verdict in (first, second, third)] == [S.QUEUED, S.QUEUED, S.FAILED]
    assert "3 times" in str(third.reason)


def test_a_new_checkpoint_resets_the_count() -> None:
    decided = death(S.RUNNING, checkpoint=True, progressed=True, crashes=2)
    assert (decided.then, decided.crashes_since_checkpoint) == (S.QUEUED, 1)


def test_a_worker_killed_for_its_memory_fails_with_a_suggestion() -> None:
    decided = death(S.RUNNING, checkpoint=True, memory=0.93)
    assert decided.to is S.FAILED
    assert "93%" in str(decided.reason)
    assert "batch" in str(decided.suggestion)


@pytest.mark.parametrize(
    ("state", "outcome"), list(itertools.product(WORKING, ["succeeded", "paused", "cancelled", "failed"]))
)
def test_every_result_leads_to_an_allowed_state(state: S, outcome: str) -> None:
    result = Result.model_validate({"attempt": 1, "outcome": outcome, "step": 7, "reason": "r"})
    decided = of_result(ended_run(state), result)
    origin = S.RUNNING if state is S.STARTING and decided.to is S.SUCCEEDED else state
    assert decided.to in TRANSITIONS[origin]
    assert decided.then is None or decided.then in TRANSITIONS[decided.to]


def test_a_worker_terminated_from_outside_resumes_from_its_checkpoint() -> None:
    result = Result(attempt=1, outcome="cancelled", step=120)
    decided = of_result(ended_run(S.RUNNING), result)
    assert (decided.to, decided.then) == (S.LOST, S.QUEUED)
    assert "120" in str(decided.reason)


def test_a_stop_that_comes_too_late_does_not_undo_a_success() -> None:
    result = Result(attempt=1, outcome="succeeded", step=300)
    assert of_result(ended_run(S.STOPPING), result).to is S.SUCCEEDED


def test_a_worker_terminated_repeatedly_without_progress_fails() -> None:
    result = Result(attempt=3, outcome="cancelled", step=0)
    decided = of_result(ended_run(S.RUNNING, crashes=2), result)
    assert (decided.to, decided.then) == (S.LOST, S.FAILED)
