"""The only place where a run changes its state."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from backend.db.models import RunEventRow, RunRow
from shared.base.states import TERMINAL, TRANSITIONS, RunState


class IllegalTransitionError(ValueError):
    """A transition that shared.base.states.TRANSITIONS does not have."""


def change_state(
    session: Session,
    run_id: str,
    *,
    expected: Iterable[RunState],
    to: RunState,
    reason: str | None = None,
    suggestion: str | None = None,
    columns: Mapping[str, object] | None = None,
) -> bool:
    """Move a run to `to` if it is in one of `expected`, and record the event; False if it is in another.

    A compare-and-set: of two processes that try, one wins. `columns` are set in the same statement.
    Raises IllegalTransitionError for a transition that does not exist.
    """
    allowed = list(expected)
    illegal = [state for state in allowed if to not in TRANSITIONS[state]]
    if illegal:
        raise IllegalTransitionError(f"a run cannot go from {illegal[0]} to {to}")
    now = datetime.now(UTC)
    values: dict[str, object] = dict(columns or {})
    values |= {"state": to.value, "state_changed_at": now, "reason": reason, "suggestion": suggestion}
    if to in TERMINAL or to is RunState.PAUSED:
        values |= {"ended_at": now}
    for origin in allowed:
        move = update(RunRow).where(RunRow.id == run_id, RunRow.state == origin.value).values(**values)
        if session.scalar(move.returning(RunRow.id)) is not None:
            add_event(session, run_id, origin, to, reason)
            return True
    return False


def add_event(
    session: Session, run_id: str, origin: RunState | None, to: RunState, reason: str | None
) -> None:
    """Record a change of state, or a note if both states are the same."""
    session.add(
        RunEventRow(
            run_id=run_id,
            from_state=origin.value if origin else None,
            to_state=to.value,
            reason=reason,
            at=datetime.now(UTC),
        )
    )
