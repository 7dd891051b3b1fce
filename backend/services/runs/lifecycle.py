"""Runs: list, read, change, stop, pause, resume; tags and events."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, String, column, func, select, true
from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import RunEventRow, RunRow
from backend.errors import ConflictError, NotFoundError
from backend.jobs import registry
from backend.jobs.queue import change_state
from backend.services.runs.answers import queue_positions, to_run
from shared.base.states import TERMINAL, RunState
from shared.configs.kinds import RunKind, Trait, has_trait, kinds_with
from shared.contract.runs import Run, RunChange, RunEvent, RunLabels, TagCount


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
    """Runs newest first. `kinds` defaults to those that leave a model; runs have all of `tags`."""
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
    """Name, tag, note or archive a run. Raises ConflictError for archiving an active run."""
    with database.write() as session:
        row = find_row(session, run_id)
        if change.archived and RunState(row.state) not in TERMINAL:
            detail = f"{run_id} is {row.state}; archive it when it has ended, or stop it"
            raise ConflictError("not_ended", detail, "archived")
        if change.name is not None:
            row.name = change.name.strip() or None
        if change.tags is not None:
            row.tags = list(dict.fromkeys(tag.strip() for tag in change.tags))
        if change.note is not None:
            row.note = change.note.strip()
        if change.archived is not None:
            row.archived = change.archived
    return get_run(database, run_id)


def stop_run(database: Database, run_id: str) -> Run:
    """Request a stop. A run without a worker is cancelled at once; an ended one is unchanged."""
    request_stop(database, run_id)
    return get_run(database, run_id)


def request_stop(database: Database, run_id: str) -> None:
    """The same without a response, which reads the whole queue: for stopping many."""
    waiting = [RunState.QUEUED, RunState.PAUSED, RunState.LOST]
    active = [RunState.STARTING, RunState.RUNNING, RunState.PAUSING]
    with database.write() as session:
        row = find_row(session, run_id)
        if RunState(row.state) not in TERMINAL | {RunState.STOPPING}:
            reason = "stopped before it started" if row.attempt == 0 else "stopped"
            change_state(
                session, run_id, expected=waiting, to=RunState.CANCELLED, reason=reason
            ) or change_state(session, run_id, expected=active, to=RunState.STOPPING)


def pause_run(database: Database, run_id: str) -> Run:
    """Request that a training writes a checkpoint and frees the device."""
    with database.write() as session:
        row = find_row(session, run_id)
        if not has_trait(row.kind, Trait.TRAINS):
            detail = f"{run_id} is a job of kind {row.kind}, which cannot pause; stop it"
            raise ConflictError("not_pausable", detail)
        if not change_state(session, run_id, expected=[RunState.RUNNING], to=RunState.PAUSING):
            raise ConflictError("not_running", f"{run_id} is {row.state}; only a running run can pause")
    return get_run(database, run_id)


def resume_run(database: Database, run_id: str, values: Mapping[str, Any] | None = None) -> Run:
    """Queue a paused run again, from its last checkpoint. Raises ConflictError for `values` that differ from
    its config."""
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
            f"{row.id} has {key} = {row.config.get(key)} and resumes with it, not with {values[key]}; to "
            f"change values clone it: `galaxyscope runs clone {row.id} --set {key}={values[key]}`, "
            "or Train a variant… on its page",
            key,
        )


def list_events(database: Database, run_id: str) -> list[RunEvent]:
    """State changes and notes, oldest first."""
    with database.read() as session:
        find_row(session, run_id)
        rows = session.scalars(
            select(RunEventRow).where(RunEventRow.run_id == run_id).order_by(RunEventRow.id)
        )
        return [RunEvent.from_attributes(row) for row in rows]


def find_row(session: Session, run_id: str, field: str | None = None) -> RunRow:
    """The row of a run. Raises NotFoundError."""
    row = session.get(RunRow, run_id)
    if row is None:
        raise NotFoundError("run_not_found", f"there is no run {run_id}; the Runs page lists them", field)
    return row


def has_tag(tag: str) -> ColumnElement[bool]:
    each = func.json_each(RunRow.tags).table_valued(column("value", String))
    return select(each.c.value).where(each.c.value == tag).exists()


def read_labels(database: Database) -> RunLabels:
    """Every tag, most frequent first, and the number of archived runs."""
    each = func.json_each(RunRow.tags).table_valued(column("value", String))
    query = select(each.c.value, func.count()).select_from(RunRow).join(each, true())
    query = query.group_by(each.c.value).order_by(func.count().desc(), each.c.value)
    with database.read() as session:
        tags = [TagCount(tag=tag, runs=runs) for tag, runs in session.execute(query)]
        archived = session.scalar(select(func.count()).where(RunRow.archived))
    return RunLabels(tags=tags, archived=archived or 0)
