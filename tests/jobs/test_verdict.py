"""What becomes of a run whose worker is gone: intent decides, then the result, then the facts."""

import itertools
from typing import Any

import pytest

from backend.jobs.run_dir import Heartbeat, Result
from backend.jobs.verdict import Facts, Verdict, of_death, of_result
from shared.base.states import TRANSITIONS, RunState

S = RunState
WORKING = [S.STARTING, S.RUNNING, S.PAUSING, S.STOPPING]


def facts(
    state: S, *, checkpoint: bool = True, progressed: bool = False, losses: int = 0, memory: float = 0.1
) -> Facts:
    return Facts(state, checkpoint, progressed, losses, Heartbeat(attempt=1, at=0, memory_share=memory))


def death(state: S, **known: Any) -> Verdict:
    return of_death(facts(state, **known))


@pytest.mark.parametrize("state", WORKING)
@pytest.mark.parametrize("checkpoint", [False, True])
def test_a_death_leads_where_the_person_wanted_to_go(state: S, checkpoint: bool) -> None:
    expected = {
        S.STARTING: (S.LOST, S.QUEUED),
        S.RUNNING: (S.LOST, S.QUEUED),
        S.STOPPING: (S.CANCELLED, None),
        S.PAUSING: (S.PAUSED if checkpoint else S.FAILED, None),
    }
    decided = death(state, checkpoint=checkpoint)
    assert (decided.to, decided.then) == expected[state]


def test_why_a_run_was_asked_to_stop_outlives_its_worker() -> None:
    stopping = Facts(S.STOPPING, True, False, 0, stop_reason="stopped early at epoch 2")
    ended = Result(attempt=1, outcome="cancelled", step=40, exit_code=0)
    assert of_result(stopping, ended).reason == of_death(stopping).reason == "stopped early at epoch 2"
    assert of_result(facts(S.STOPPING), ended).reason == "stopped at step 40"


def test_a_run_is_taken_up_twice_without_progress_and_not_a_third_time() -> None:
    first = death(S.RUNNING, checkpoint=False)
    second = death(S.RUNNING, checkpoint=False, losses=first.crashes_since_checkpoint)
    third = death(S.RUNNING, checkpoint=False, losses=second.crashes_since_checkpoint)
    assert [verdict.then for verdict in (first, second, third)] == [S.QUEUED, S.QUEUED, S.FAILED]
    assert "3 times" in str(third.reason)


def test_a_new_checkpoint_sets_the_count_back() -> None:
    decided = death(S.RUNNING, checkpoint=True, progressed=True, losses=2)
    assert (decided.then, decided.crashes_since_checkpoint) == (S.QUEUED, 1)


def test_a_worker_killed_at_the_brim_of_memory_fails_with_advice() -> None:
    decided = death(S.RUNNING, checkpoint=True, memory=0.93)
    assert decided.to is S.FAILED
    assert "93%" in str(decided.reason)
    assert "batch" in str(decided.suggestion)


@pytest.mark.parametrize(
    ("state", "outcome"), list(itertools.product(WORKING, ["succeeded", "paused", "cancelled", "failed"]))
)
def test_every_result_leads_to_a_state_that_the_table_allows(state: S, outcome: str) -> None:
    result = Result.model_validate({"attempt": 1, "outcome": outcome, "step": 7, "reason": "r"})
    decided = of_result(facts(state), result)
    origin = S.RUNNING if state is S.STARTING and decided.to is S.SUCCEEDED else state
    assert decided.to in TRANSITIONS[origin]
    assert decided.then is None or decided.then in TRANSITIONS[decided.to]


def test_a_worker_ended_from_outside_goes_on_from_its_checkpoint() -> None:
    result = Result(attempt=1, outcome="cancelled", step=120)
    decided = of_result(facts(S.RUNNING), result)
    assert (decided.to, decided.then) == (S.LOST, S.QUEUED)
    assert "120" in str(decided.reason)


def test_success_counts_even_when_a_stop_came_too_late() -> None:
    result = Result(attempt=1, outcome="succeeded", step=300)
    assert of_result(facts(S.STOPPING), result).to is S.SUCCEEDED


def test_a_worker_ended_from_outside_again_and_again_without_progress_fails_too() -> None:
    result = Result(attempt=3, outcome="cancelled", step=0)
    decided = of_result(facts(S.RUNNING, losses=2), result)
    assert (decided.to, decided.then) == (S.LOST, S.FAILED)
