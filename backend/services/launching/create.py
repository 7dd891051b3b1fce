"""From a request to a queued run."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select

from backend.config_errors import config_error
from backend.db.engine import Database
from backend.db.models import RunRow
from backend.errors import ConflictError, InvalidInputError
from backend.jobs.queue import ReadyRun, enqueue
from backend.services.launching.context import LaunchContext
from backend.services.launching.prepare import prepare
from backend.services.runs.lifecycle import get_run, stop_run
from backend.settings import Settings
from shared.base.states import TERMINAL
from shared.configs import (
    Config,
    PretrainConfig,
)
from shared.configs.kinds import JOB_KINDS, RunKind, Trait, has_trait
from shared.configs.presets import PRESETS
from shared.contract.runs import Run, RunRequest


def create_run(database: Database, settings: Settings, request: RunRequest) -> Run:
    """Queue the requested run. It may read the files under `settings.readable_roots`."""
    ready = ready_run(database, settings, request)
    with database.write() as session:
        run_id = enqueue(
            session,
            settings.runs_dir,
            ready,
            name=request.name,
            preset=request.preset,
            parent_id=request.parent_id,
        )
    if has_trait(request.kind, Trait.TRAINS):
        stop_preflights(database)
    return get_run(database, run_id)


def ready_run(database: Database, settings: Settings, request: RunRequest) -> ReadyRun:
    """What a launch would queue. Raises as create_run does, and queues nothing."""
    return prepare(LaunchContext(database, settings), request.kind, resolve_config(request))


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
        if JOB_KINDS[request.kind].config is not PretrainConfig or request.preset not in PRESETS:
            known = ", ".join(PRESETS)
            raise InvalidInputError(
                "unknown_preset", f"there is no preset {request.preset}; there are: {known}", "preset"
            )
        values = PRESETS[request.preset].values
    try:
        return JOB_KINDS[request.kind].config.model_validate(values | request.config)
    except ValidationError as error:
        raise config_error(error) from None


def retry_run(database: Database, settings: Settings, run_id: str) -> Run:
    """A new run with the same config, whose parent is this one."""
    old = get_run(database, run_id)
    if old.state not in TERMINAL:
        raise ConflictError("not_ended", f"{run_id} is {old.state}; stop it before a retry")
    return clone_run(database, settings, run_id, {})


def clone_run(
    database: Database,
    settings: Settings,
    run_id: str,
    values: Mapping[str, Any],
    *,
    name: str | None = None,
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
    return create_run(database, settings, request)
