"""The life of a run: every move of the table, every move that is not in it, and two that race."""

import itertools
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.db.engine import Database, open_database
from backend.db.models import RunEventRow, RunRow
from backend.jobs.queue import IllegalTransitionError, change_state
from shared.base.states import TERMINAL, TRANSITIONS, RunState

MOVES = list(itertools.product(RunState, RunState))

# The table of the design, written out a second time so that a slip in either shows.
LEGAL = {
    "queued": "starting cancelled",
    "starting": "running stopping failed lost",
    "running": "pausing stopping succeeded failed lost",
    "pausing": "paused succeeded failed stopping lost",
    "paused": "queued cancelled",
    "stopping": "cancelled succeeded failed",
    "lost": "queued paused failed cancelled",
    "succeeded": "",
    "failed": "",
    "cancelled": "",
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    return open_database(tmp_path_factory.mktemp("state") / "test.db")


def add_run(database: Database, state: RunState, run_id: str) -> None:
    now = datetime.now(UTC)
    with database.write() as session:
        session.merge(
            RunRow(
                id=run_id,
                kind="pretrain",
                lane="train",
                state=state,
                state_changed_at=now,
                config={},
                created_at=now,
            )
        )


@pytest.mark.parametrize(("origin", "to"), MOVES, ids=str)
def test_a_transition_succeeds_only_if_it_exists(database: Database, origin: RunState, to: RunState) -> None:
    run_id = f"{origin}-{to}"
    add_run(database, origin, run_id)
    legal = to in LEGAL[origin].split()
    with database.write() as session:
        if legal:
            assert change_state(session, run_id, expected=[origin], to=to, reason="because")
        else:
            with pytest.raises(IllegalTransitionError):
                change_state(session, run_id, expected=[origin], to=to)
    with database.read() as session:
        row = session.get_one(RunRow, run_id)
        events = session.scalars(select(RunEventRow).where(RunEventRow.run_id == run_id)).all()
    assert row.state == (to if legal else origin)
    assert [(event.from_state, event.to_state, event.reason) for event in events] == (
        [(origin, to, "because")] if legal else []
    )


def test_a_terminal_state_is_final() -> None:
    assert {state for state in RunState if not TRANSITIONS[state]} == TERMINAL
    assert {state.value for state in TERMINAL} == {"succeeded", "failed", "cancelled"}


def test_a_run_in_another_state_is_not_changed(database: Database) -> None:
    add_run(database, RunState.SUCCEEDED, "elsewhere")
    with database.write() as session:
        assert not change_state(session, "elsewhere", expected=[RunState.RUNNING], to=RunState.STOPPING)
    with database.read() as session:
        assert session.get_one(RunRow, "elsewhere").state == "succeeded"


def test_one_of_many_concurrent_claims_wins(tmp_path: Path) -> None:
    path = tmp_path / "race.db"
    add_run(open_database(path), RunState.QUEUED, "prize")
    won: list[bool] = []
    ready = threading.Barrier(8)

    def claim() -> None:
        mine = Database(path)
        ready.wait()
        with mine.write() as session:
            won.append(change_state(session, "prize", expected=[RunState.QUEUED], to=RunState.STARTING))

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]
