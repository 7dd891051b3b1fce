"""What a request needs before it can be queued, kind by kind.

A `prepare` completes the config, checks what could only fail, and finds the encoder. Kinds without one are
queued as they were requested."""

from collections.abc import Callable
from typing import Any

from backend.jobs.queue import ReadyRun
from backend.services.launching.classifiers import prepare_classifier
from backend.services.launching.context import LaunchContext
from backend.services.launching.datasets import (
    prepare_download,
    prepare_import,
    prepare_simulation,
    prepare_subset,
)
from backend.services.launching.embeddings import prepare_embedding, prepare_projection
from backend.services.launching.imported_models import prepare_model_import
from backend.services.launching.pretraining import prepare_preflight, prepare_pretraining
from backend.services.launching.probes import prepare_probe
from shared.configs import Config
from shared.configs.kinds import RunKind

Prepare = Callable[[LaunchContext, Any], ReadyRun]
"""Takes the config class of its kind; raises InvalidInputError, NotFoundError, ForbiddenError or
ConflictError."""

PREPARE: dict[RunKind, Prepare] = {
    RunKind.PRETRAIN: prepare_pretraining,
    RunKind.PREFLIGHT: prepare_preflight,
    RunKind.FINETUNE: prepare_classifier,
    RunKind.SUPERVISED: prepare_classifier,
    RunKind.IMPORT_MODEL: prepare_model_import,
    RunKind.PROBE: prepare_probe,
    RunKind.EMBED: prepare_embedding,
    RunKind.PROJECT: prepare_projection,
    RunKind.IMPORT: prepare_import,
    RunKind.SIMULATE: prepare_simulation,
    RunKind.DOWNLOAD: prepare_download,
    RunKind.SUBSET: prepare_subset,
}


def prepare(context: LaunchContext, kind: RunKind, config: Config) -> ReadyRun:
    """The run that a launch would queue; queues nothing. Raises as the `prepare` of its kind does."""
    own = PREPARE.get(kind)
    return own(context, config) if own else ReadyRun(kind, config)
