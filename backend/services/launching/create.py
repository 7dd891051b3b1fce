"""From a request to a queued run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select

from backend.config_errors import config_error
from backend.db.engine import Database
from backend.db.models import RunRow
from backend.errors import ConflictError, InvalidInputError
from backend.jobs import queue
from backend.jobs.run_dir import EncoderSource
from backend.services.embeddings.projection_jobs import ready_projection
from backend.services.embeddings.spaces import require_index, require_quality, resolve_space, space_of
from backend.services.launching.checks import check_run
from backend.services.launching.classifiers import ready_classifier
from backend.services.launching.probes import ready_probe
from backend.services.launching.sources import absolute_source, absolute_table, absolute_weights
from backend.services.runs.lifecycle import get_run, stop_run
from backend.settings import Settings
from shared.base.runs import TERMINAL, TRAINING_KINDS, RunKind
from shared.configs import (
    CONFIGS,
    AdoptConfig,
    Config,
    EmbedConfig,
    FinetuneConfig,
    ImportConfig,
    PretrainConfig,
    ProbeConfig,
    ProjectConfig,
    SubsetConfig,
    SupervisedConfig,
)
from shared.configs.presets import PRESETS
from shared.contract.runs import Run, RunRequest


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
