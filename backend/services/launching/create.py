"""From a request to a queued run.

The `prepare` of a kind completes the config, rejects what could only fail, and finds the encoder. Kinds
without one are queued as requested.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select

from backend.config_errors import validated
from backend.db.engine import Database
from backend.db.models import RunRow
from backend.errors import ConflictError, InvalidInputError
from backend.jobs.queue import ReadyRun, enqueue
from backend.services.launching import cutouts, datasets, embeddings, models, pretraining
from backend.services.launching.context import LaunchContext
from backend.services.runs.lifecycle import get_run, stop_run
from backend.settings import Settings
from shared.base.states import TERMINAL
from shared.configs import Config, PretrainConfig
from shared.configs.kinds import JOB_KINDS, RunKind, Trait, has_trait
from shared.configs.presets import PRESETS
from shared.contract.runs import Run, RunRequest

Prepare = Callable[[LaunchContext, Any], ReadyRun]
"""Takes the config class of its kind; raises InvalidInputError, NotFoundError, ForbiddenError or
ConflictError."""

PREPARE: dict[RunKind, Prepare] = {
    RunKind.PRETRAIN: pretraining.prepare_pretraining,
    RunKind.PREFLIGHT: pretraining.prepare_preflight,
    RunKind.FINETUNE: models.prepare_classifier,
    RunKind.SUPERVISED: models.prepare_classifier,
    RunKind.IMPORT_MODEL: models.prepare_model_import,
    RunKind.PROBE: models.prepare_probe,
    RunKind.EMBED: embeddings.prepare_embedding,
    RunKind.PROJECT: embeddings.prepare_projection,
    RunKind.IMPORT: datasets.prepare_import,
    RunKind.SIMULATE: datasets.prepare_simulation,
    RunKind.DOWNLOAD: datasets.prepare_download,
    RunKind.CUTOUTS: cutouts.prepare_cutouts,
    RunKind.SUBSET: datasets.prepare_subset,
}


def create_run(database: Database, settings: Settings, request: RunRequest) -> Run:
    """Queue the requested run. It may read the files under `settings.readable_roots`."""
    ready = ready_run(database, settings, request)
    labels = request.model_dump(include={"name", "preset", "parent_id"})
    with database.write() as session:
        run_id = enqueue(session, settings.runs_dir, ready, **labels)
    if has_trait(request.kind, Trait.TRAINS):
        stop_preflights(database)
    return get_run(database, run_id)


def ready_run(database: Database, settings: Settings, request: RunRequest) -> ReadyRun:
    """What a launch would queue; queues nothing. Raises as the `prepare` of its kind does."""
    config, prepare = resolve_config(request), PREPARE.get(request.kind)
    return prepare(LaunchContext(database, settings), config) if prepare else ReadyRun(request.kind, config)


def stop_preflights(database: Database) -> None:
    """Free the device for a training that is about to start."""
    active = select(RunRow.id).where(
        RunRow.kind == RunKind.PREFLIGHT.value, RunRow.state.not_in([state.value for state in TERMINAL])
    )
    with database.read() as session:
        ids = session.scalars(active).all()
    for run_id in ids:
        stop_run(database, run_id)


def resolve_config(request: RunRequest) -> Config:
    """The full config: defaults, then the preset, then `request.config`. Raises InvalidInputError."""
    values: dict[str, Any] = {}
    if request.preset is not None:
        if JOB_KINDS[request.kind].config is not PretrainConfig or request.preset not in PRESETS:
            detail = f"there is no preset {request.preset}; there are: {', '.join(PRESETS)}"
            raise InvalidInputError("unknown_preset", detail, "preset")
        values = PRESETS[request.preset].values
    return validated(JOB_KINDS[request.kind].config, values | request.config)


def retry_run(database: Database, settings: Settings, run_id: str) -> Run:
    """A new run with the same config, whose parent is this one."""
    old = get_run(database, run_id)
    if old.state not in TERMINAL:
        raise ConflictError("not_ended", f"{run_id} is {old.state}; stop it before a retry")
    return clone_run(database, settings, run_id, {})


def clone_run(
    database: Database, settings: Settings, run_id: str, values: Mapping[str, Any], *, name: str | None = None
) -> Run:
    """A new run with the config of a run in any state, updated with `values`; its parent is that run."""
    old = get_run(database, run_id)
    changes = {"config": old.config | dict(values), "name": name or old.name, "parent_id": run_id}
    return create_run(database, settings, RunRequest.from_attributes(old, **changes))
