"""Preparing jobs on models: probes, trainings of classifiers, imports of models."""

import numpy as np

from backend.db.models import DatasetRow, RunRow
from backend.errors import InvalidInputError
from backend.jobs.encoders import find_encoder
from backend.jobs.queue import ReadyRun
from backend.jobs.run_dir import EncoderSource
from backend.services.datasets.browsing import require_dataset
from backend.services.evaluation.encoders import (
    channels_of,
    encoder_run,
    evaluation_dataset,
    require_bands,
    require_labels,
    source_of,
)
from backend.services.launching.context import LaunchContext, require_file, within_base
from backend.settings import Settings
from shared.base.states import TERMINAL, RunState
from shared.configs import FinetuneConfig, ImportModelConfig, ProbeConfig, SupervisedConfig
from shared.configs.kinds import RunKind
from shared.configs.models import EncoderConfig

Classifier = FinetuneConfig | SupervisedConfig


def prepare_model_import(context: LaunchContext, config: ImportModelConfig) -> ReadyRun:
    """Makes the path of the weights absolute; it must be a readable file."""
    config = config.model_copy(update={"path": within_base(config.path, "path", context.settings)})
    require_file(config.path, context.settings.readable_roots, "path")
    return ReadyRun(RunKind.IMPORT_MODEL, config, roots=context.settings.readable_roots)


def prepare_probe(context: LaunchContext, config: ProbeConfig) -> ReadyRun:
    """Names the dataset and resolves the encoder: to its checkpoint now, or, while its run may still replace
    that, to the one it has when the probe starts. Raises InvalidInputError or NotFoundError."""
    run, dataset, source = _encoder(context, config.encoder, config.dataset)
    require_labels(context.settings, dataset, config.label_fraction)
    config = config.model_copy(update={"dataset": dataset.name})
    active = RunState(run.state) not in TERMINAL
    if active and config.when == "ended":
        return ReadyRun(RunKind.PROBE, config, source)
    found = find_encoder(context.settings.home, run.id, config.checkpoint)
    if active and not config.checkpoint.isdigit():
        return ReadyRun(RunKind.PROBE, config, source)
    return ReadyRun(RunKind.PROBE, config, found.spec.model_copy(update=source.model_dump()))


def prepare_classifier(context: LaunchContext, config: Classifier) -> ReadyRun:
    """Names the dataset, resolves the encoder (to the checkpoint it has when the job starts, if its run is
    still active), and completes the architecture of a training from scratch. Raises InvalidInputError or
    NotFoundError."""
    settings = context.settings
    kind = RunKind.FINETUNE if isinstance(config, FinetuneConfig) else RunKind.SUPERVISED
    if config.encoder is None:
        if config.dataset is None:
            detail = "name a labelled dataset, or a run whose architecture to use"
            raise InvalidInputError("no_dataset", detail, "dataset")
        with context.database.read() as session:
            _require_trainable(settings, require_dataset(session, config.dataset), config)
        return ReadyRun(kind, config)
    run, dataset, source = _encoder(context, config.encoder, config.dataset)
    if RunState(run.state) in TERMINAL:
        checkpoint = config.checkpoint if isinstance(config, FinetuneConfig) else "last"
        resolved = find_encoder(settings.home, run.id, checkpoint).spec
        source = resolved.model_copy(update=source.model_dump())
    _require_trainable(settings, dataset, config)
    values: dict[str, object] = {"dataset": dataset.name}
    if isinstance(config, SupervisedConfig):
        values |= _architecture(settings, run, config)
    return ReadyRun(kind, type(config).model_validate(config.model_dump() | values), source)


def _encoder(
    context: LaunchContext, run_id: str, dataset_name: str | None
) -> tuple[RunRow, DatasetRow, EncoderSource]:
    """The run of an encoder, the dataset to evaluate it on, which it must be able to read, and its source."""
    with context.database.read() as session:
        run = encoder_run(session, run_id)
        dataset = evaluation_dataset(session, dataset_name, run)
        source, channels = source_of(session, run), channels_of(session, context.settings, run)
    require_bands(run, channels, dataset)
    return run, dataset, source


def _require_trainable(settings: Settings, dataset: DatasetRow, config: Classifier) -> None:
    counts = require_labels(settings, dataset, config.label_fraction)
    rows = int(np.floor(counts * config.label_fraction + 0.5).sum())  # as label_subset rounds
    if rows < config.batch_size:
        raise InvalidInputError(
            "batch_too_large",
            f"batch_size {config.batch_size} exceeds the {rows} labelled rows to train on; set it to "
            f"{max(rows // 4, 2)}",
            "batch_size",
        )


def _architecture(settings: Settings, run: RunRow, config: SupervisedConfig) -> dict[str, object]:
    """Sizes of the encoder, except those set in the request."""
    stored: dict[str, object] = run.config
    if "embed_dim" not in stored:
        stored = find_encoder(settings.home, run.id, "last").meta["config"]
    missing = set(EncoderConfig.model_fields) - config.model_fields_set
    return {name: stored[name] for name in missing if name in stored}
