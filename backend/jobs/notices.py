"""Notices about runs, added in the transaction of the event so that each is added once."""

from datetime import UTC, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from backend.db.models import NoticeRow, RunRow
from backend.jobs.training_history import read_history
from backend.jobs.verdict import Verdict
from backend.stats.trend import judge_training
from shared.base.states import HAS_WORKER, RunState
from shared.base.text import percent
from shared.configs.kinds import RunKind, Trait, has_trait, kinds_with, values_of
from shared.contract.runs import Trend, judged_key
from shared.contract.system import NoticeKind

STALLS = frozenset({Trend.FLAT, Trend.WORSENING, Trend.COLLAPSING})
MAX_NOTICES = 1000


def note_end(session: Session, run: RunRow, decided: Verdict) -> None:
    """Add a notice that a run ended or its worker crashed; none for a requested stop or pause."""
    if has_trait(run.kind, Trait.QUIET):
        return
    end = decided.then or decided.to
    reason = decided.reason or "no reason given"
    if end is RunState.SUCCEEDED and has_trait(run.kind, Trait.ANNOUNCED):
        _add(session, run, NoticeKind.DONE, f"{_name(run)} is done{_accuracy(run)}")
    elif end is RunState.FAILED and _diverged(run):
        _add(session, run, NoticeKind.DIVERGED, f"{_name(run)} diverged: {reason}")
    elif end is RunState.FAILED:
        _add(session, run, NoticeKind.FAILED, f"{_name(run)} failed: {reason}")
    elif decided.to is RunState.LOST and end is RunState.QUEUED:
        _add(session, run, NoticeKind.DIED, f"{_name(run)}: {reason}")


def note_stalls(session: Session) -> None:
    """Add a notice, once per run, that an active training no longer improves."""
    noted = select(NoticeRow.run_id).where(NoticeRow.kind == NoticeKind.STALLED)
    active = select(RunRow).where(
        RunRow.state.in_(HAS_WORKER),
        RunRow.kind.in_(values_of(kinds_with(Trait.TRAINS))),
        RunRow.id.not_in(noted),
    )
    for run in session.scalars(active).all():
        verdict = judge_training(read_history(session, run))
        if verdict.state in STALLS:
            _add(session, run, NoticeKind.STALLED, f"{_name(run)} has stalled: {verdict.sentence}")


def delete_old(session: Session) -> None:
    """Delete all notices but the last MAX_NOTICES."""
    newest = session.scalar(select(func.max(NoticeRow.id))) or 0
    session.execute(delete(NoticeRow).where(NoticeRow.id <= newest - MAX_NOTICES))


def _add(session: Session, run: RunRow, kind: NoticeKind, words: str) -> None:
    session.add(NoticeRow(run_id=run.id, kind=kind.value, words=words, at=datetime.now(UTC)))


def _name(run: RunRow) -> str:
    return run.name or run.id


def _diverged(run: RunRow) -> bool:
    """Whether its last loss was not finite, which is stored as None."""
    return "train/loss" in run.latest_metrics and run.latest_metrics["train/loss"] is None


def _accuracy(run: RunRow) -> str:
    if not has_trait(run.kind, Trait.TRAINS):
        return ""
    value = run.latest_metrics.get(judged_key(RunKind(run.kind), run.config.get("online_probe")))
    return f": validation accuracy {percent(value)}" if value is not None else ""
