"""The verbs of runs: create, list, read, stop, pause, resume, retry."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import RunEventRow, RunRow
from backend.errors import ConflictError, NotFoundError
from backend.jobs import registry
from backend.jobs.state import change_state
from backend.services.runs.answers import queue_positions, to_run
from backend.services.runs.labels import apply_change, has_tag
from shared.base.states import TERMINAL, RunState
from shared.configs.kinds import RunKind, Trait, has_trait, kinds_with
from shared.contract.runs import Run, RunChange, RunEvent


def get_run(database: Database, run_id: str) -> Run:
    with database.read() as session:
        row = find_row(session, run_id)
        positions = queue_positions(session, [row])
        return to_run(row, registry.baselines_of(session, row.eval_dataset_digest), positions)


def list_runs(
    database: Database,
    *,
    kinds: Collection[RunKind] | None = None,
    states: Collection[RunState] | None = None,
    tags: Collection[str] = (),
    archived: bool = False,
    limit: int = 100,
) -> list[Run]:
    """Runs newest first; of the kinds that leave a model where `kinds` is None, with every one of `tags`,
    archived ones only where asked for."""
    kinds = kinds_with(Trait.LEAVES_MODEL) if kinds is None else kinds
    query = select(RunRow).where(RunRow.kind.in_([kind.value for kind in kinds]))
    if states:
        query = query.where(RunRow.state.in_([state.value for state in states]))
    if not archived:
        query = query.where(RunRow.archived.is_(False))
    for tag in tags:
        query = query.where(has_tag(tag))
    with database.read() as session:
        rows = list(session.scalars(query.order_by(RunRow.created_at.desc(), RunRow.id).limit(limit)))
        digests = {row.eval_dataset_digest for row in rows}
        references = {digest: registry.baselines_of(session, digest) for digest in digests}
        positions = queue_positions(session, rows)
        return [to_run(row, references[row.eval_dataset_digest], positions) for row in rows]


def change_run(database: Database, run_id: str, change: RunChange) -> Run:
    """Name, tag, note or archive a run; what it does goes on. Raises ConflictError where it would be archived
    before its end."""
    with database.write() as session:
        row = find_row(session, run_id)
        if change.archived and RunState(row.state) not in TERMINAL:
            raise ConflictError(
                "not_ended", f"{run_id} is {row.state}; archive it when it has ended, or stop it", "archived"
            )
        apply_change(row, change)
    return get_run(database, run_id)


def stop_run(database: Database, run_id: str) -> Run:
    """Ask a run to end; one without a worker is cancelled at once, one that has ended stays as it is."""
    ask_to_stop(database, run_id)
    return get_run(database, run_id)


def ask_to_stop(database: Database, run_id: str) -> None:
    """The same, of many at once: without an answer, which looks at the whole queue."""
    waiting = [RunState.QUEUED, RunState.PAUSED, RunState.LOST]
    at_work = [RunState.STARTING, RunState.RUNNING, RunState.PAUSING]
    with database.write() as session:
        row = find_row(session, run_id)
        if RunState(row.state) not in TERMINAL | {RunState.STOPPING}:
            reason = "stopped before it started" if row.attempt == 0 else "stopped"
            change_state(
                session, run_id, expected=waiting, to=RunState.CANCELLED, reason=reason
            ) or change_state(session, run_id, expected=at_work, to=RunState.STOPPING)


def pause_run(database: Database, run_id: str) -> Run:
    """Ask a training to write a checkpoint, end, and free the device; the supervisor tells its worker."""
    with database.write() as session:
        row = find_row(session, run_id)
        if not has_trait(row.kind, Trait.TRAINS):
            raise ConflictError(
                "not_pausable", f"{run_id} is a job of kind {row.kind}, which cannot pause; stop it"
            )
        if not change_state(session, run_id, expected=[RunState.RUNNING], to=RunState.PAUSING):
            raise ConflictError("not_running", f"{run_id} is {row.state}; only a running run can pause")
    return get_run(database, run_id)


def resume_run(database: Database, run_id: str, values: Mapping[str, Any] | None = None) -> Run:
    """Queue a paused run again; it goes on from its last checkpoint, with its own values: `values` that
    differ are refused."""
    with database.write() as session:
        row = find_row(session, run_id)
        _require_own_values(row, values or {})
        columns = {"ended_at": None}
        if not change_state(
            session, run_id, expected=[RunState.PAUSED], to=RunState.QUEUED, reason="resumed", columns=columns
        ):
            raise ConflictError("not_paused", f"{run_id} is {row.state}; only a paused run can resume")
    return get_run(database, run_id)


def _require_own_values(row: RunRow, values: Mapping[str, Any]) -> None:
    changed = [key for key, value in values.items() if row.config.get(key) != value]
    if changed:
        key = changed[0]
        raise ConflictError(
            "config_changed",
            f"{row.id} has {key} = {row.config.get(key)} and goes on with it, not with {values[key]}; "
            f"for other values clone it: `galaxyscope runs clone {row.id} --set {key}={values[key]}`, "
            "or Train a variant… on its page",
            key,
        )


def list_events(database: Database, run_id: str) -> list[RunEvent]:
    """Changes of state and notes, oldest first."""
    with database.read() as session:
        find_row(session, run_id)
        rows = session.scalars(
            select(RunEventRow).where(RunEventRow.run_id == run_id).order_by(RunEventRow.id)
        )
        return [
            RunEvent(
                from_state=RunState(row.from_state) if row.from_state else None,
                to_state=RunState(row.to_state),
                reason=row.reason,
                at=row.at,
            )
            for row in rows
        ]


def find_row(session: Session, run_id: str) -> RunRow:
    """The row of a run. Raises NotFoundError."""
    row = session.get(RunRow, run_id)
    if row is None:
        raise NotFoundError("run_not_found", f"there is no run {run_id}; the list of runs has their ids")
    return row
