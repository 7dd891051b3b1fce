"""The verbs of runs: create, list, read, stop, pause, resume, retry."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import RunEventRow, RunRow
from backend.errors import ConflictError, InvalidInputError, NotFoundError, shortened
from backend.jobs import queue, registry
from backend.jobs.run_dir import EncoderSource
from backend.jobs.state import change_state
from backend.services.checks import check_run
from backend.services.classifiers import ready_classifier
from backend.services.embedding_spaces import require_index, require_quality, resolve_space, space_of
from backend.services.probes import ready_probe
from backend.services.projection_jobs import ready_projection
from backend.services.run_answers import queue_positions, to_run
from backend.services.run_labels import apply_change, has_tag
from backend.services.sources import absolute_source, absolute_table, absolute_weights
from backend.settings import Settings
from shared.configs import (
    CONFIGS,
    AdoptConfig,
    Config,
    ConfigConflictError,
    EmbedConfig,
    FinetuneConfig,
    ImportConfig,
    PretrainConfig,
    ProbeConfig,
    ProjectConfig,
    SubsetConfig,
    SupervisedConfig,
)
from shared.presets import PRESETS
from shared.runs import (
    MODEL_KINDS,
    TERMINAL,
    TRAINING_KINDS,
    Run,
    RunChange,
    RunEvent,
    RunKind,
    RunRequest,
    RunState,
)


@dataclass(frozen=True)
class ReadyRun:
    """A run that could be queued now: its full config, and the encoder that it works on."""

    config: Config
    encoder: EncoderSource | None


def create_run(
    database: Database, settings: Settings, request: RunRequest, *, roots: tuple[Path, ...] | None = None
) -> Run:
    """Queue what is asked for. `roots` are the folders an import may read; None allows all (the shell)."""
    ready = ready_run(database, settings, request, roots)
    run_id = queue.enqueue(
        database,
        settings.runs_dir,
        request.kind,
        ready.config,
        name=request.name,
        preset=request.preset,
        parent_id=request.parent_id,
        roots=roots,
        encoder=ready.encoder,
    )
    if request.kind in TRAINING_KINDS:
        stop_preflights(database)
    return get_run(database, run_id)


def ready_run(
    database: Database, settings: Settings, request: RunRequest, roots: tuple[Path, ...] | None = None
) -> ReadyRun:
    """What a launch would queue. Raises as create_run does, and queues nothing."""
    config = resolve_config(request)
    if isinstance(config, ImportConfig):
        config = absolute_source(config, settings)
    if isinstance(config, SubsetConfig):
        config = absolute_table(config, settings)
    if isinstance(config, AdoptConfig):
        config = absolute_weights(config, settings)
    encoder: EncoderSource | None = None
    if isinstance(config, FinetuneConfig | SupervisedConfig):
        config, encoder = ready_classifier(database, settings, config)
    if isinstance(config, ProbeConfig):
        config, encoder = ready_probe(database, settings, config)
    if isinstance(config, EmbedConfig):
        space = resolve_space(database, settings, space_of(config))
        if config.quality:
            require_quality(settings, space)
        if config.index == "always":
            require_index()
        asked = config.model_dump(include={"every_checkpoint", "quality", "index"})
        config, encoder = space.config.model_copy(update=asked), space.encoder
    if isinstance(config, ProjectConfig):
        config, space = ready_projection(database, settings, config)
        encoder = space.encoder
    check_run(database, settings, request.kind, config, roots)
    return ReadyRun(config, encoder)


def stop_preflights(database: Database) -> None:
    """A training is about to start: what only tried it out gives way."""
    ended = [state.value for state in TERMINAL]
    with database.read() as session:
        trying = session.scalars(
            select(RunRow.id).where(RunRow.kind == RunKind.PREFLIGHT.value, RunRow.state.not_in(ended))
        ).all()
    for run_id in trying:
        stop_run(database, run_id)


def resolve_config(request: RunRequest) -> Config:
    """The full config: defaults, then the preset, then what was set. Raises InvalidInputError."""
    values: dict[str, Any] = {}
    if request.preset is not None:
        if CONFIGS[request.kind] is not PretrainConfig or request.preset not in PRESETS:
            known = ", ".join(PRESETS)
            raise InvalidInputError(
                "unknown_preset", f"there is no preset {request.preset}; there are: {known}", "preset"
            )
        values = PRESETS[request.preset].values
    try:
        return CONFIGS[request.kind].model_validate(values | request.config)
    except ValidationError as error:
        raise config_error(error) from None


def config_error(error: ValidationError) -> InvalidInputError:
    """The first fault of a config in one sentence, with the field and the value."""
    fault = error.errors()[0]
    conflict = fault.get("ctx", {}).get("error")
    if isinstance(conflict, ConfigConflictError):
        return InvalidInputError("invalid_config", str(conflict), conflict.field)
    field = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "missing":
        return InvalidInputError("invalid_config", f"{field} is missing; give it a value", field)
    if fault["type"] == "extra_forbidden":
        return InvalidInputError("invalid_config", f"there is no setting {field}; check its spelling", field)
    message = fault["msg"][0].lower() + fault["msg"][1:]
    return InvalidInputError("invalid_config", f"{field} = {shortened(fault['input'])}: {message}", field)


def get_run(database: Database, run_id: str) -> Run:
    with database.read() as session:
        row = find_row(session, run_id)
        positions = queue_positions(session, [row])
        return to_run(row, registry.baselines_of(session, row.probe_digest), positions)


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
    kinds = MODEL_KINDS if kinds is None else kinds
    query = select(RunRow).where(RunRow.kind.in_([kind.value for kind in kinds]))
    if states:
        query = query.where(RunRow.state.in_([state.value for state in states]))
    if not archived:
        query = query.where(RunRow.archived.is_(False))
    for tag in tags:
        query = query.where(has_tag(tag))
    with database.read() as session:
        rows = list(session.scalars(query.order_by(RunRow.created_at.desc(), RunRow.id).limit(limit)))
        digests = {row.probe_digest for row in rows}
        references = {digest: registry.baselines_of(session, digest) for digest in digests}
        positions = queue_positions(session, rows)
        return [to_run(row, references[row.probe_digest], positions) for row in rows]


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
        if row.kind not in TRAINING_KINDS:
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


def retry_run(
    database: Database, settings: Settings, run_id: str, *, roots: tuple[Path, ...] | None = None
) -> Run:
    """A new run with the same config, whose parent is this one."""
    old = get_run(database, run_id)
    if old.state not in TERMINAL:
        raise ConflictError("not_ended", f"{run_id} is {old.state}; stop it before a retry")
    return clone_run(database, settings, run_id, {}, roots=roots)


def clone_run(
    database: Database,
    settings: Settings,
    run_id: str,
    values: Mapping[str, Any],
    *,
    name: str | None = None,
    roots: tuple[Path, ...] | None = None,
) -> Run:
    """A new run with the config of a run in whatever state, but for `values`; its parent is that run."""
    old = get_run(database, run_id)
    request = RunRequest(
        kind=old.kind,
        config=old.config | dict(values),
        preset=old.preset,
        name=name or old.name,
        parent_id=run_id,
    )
    return create_run(database, settings, request, roots=roots)


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
