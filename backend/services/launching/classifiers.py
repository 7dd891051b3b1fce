"""What a training of a classifier needs before it is queued."""

import numpy as np

from backend.db.engine import Database
from backend.db.models import DatasetRow, RunRow
from backend.errors import InvalidInputError
from backend.jobs.encoders import find_encoder
from backend.jobs.queue import ReadyRun
from backend.services.datasets.names import named_dataset
from backend.services.evaluation.encoders import (
    channels_of,
    encoder_run,
    judged_on,
    require_bands,
    require_labels,
    source_of,
)
from backend.services.launching.context import LaunchContext
from backend.settings import Settings
from shared.base.states import TERMINAL, RunState
from shared.configs import FinetuneConfig, SupervisedConfig
from shared.configs.kinds import RunKind
from shared.configs.models import EncoderConfig


def prepare_classifier(context: LaunchContext, config: FinetuneConfig | SupervisedConfig) -> ReadyRun:
    """The config with its dataset named, from scratch also with the architecture of its encoder; and that
    encoder: one of its checkpoints now, or whichever it has when the job starts, where its run has not ended.

    Raises InvalidInputError or NotFoundError where the training could only fail.
    """
    database, settings = context.database, context.settings
    kind = RunKind.FINETUNE if isinstance(config, FinetuneConfig) else RunKind.SUPERVISED
    if config.encoder is None:
        return ReadyRun(kind, _plain(database, settings, config))
    with database.read() as session:
        run = encoder_run(session, config.encoder)
        dataset = judged_on(session, config.dataset, run)
        source, channels = source_of(session, run), channels_of(session, settings, run)
    if RunState(run.state) in TERMINAL:
        checkpoint = config.checkpoint if isinstance(config, FinetuneConfig) else "last"
        pinned = find_encoder(settings.home, run.id, checkpoint).spec
        source = pinned.model_copy(update=source.model_dump())
    require_bands(run, channels, dataset)
    _require_trainable(settings, dataset, config)
    values: dict[str, object] = {"dataset": dataset.name}
    if isinstance(config, SupervisedConfig):
        values |= _architecture(settings, run, config)
    return ReadyRun(kind, type(config).model_validate(config.model_dump() | values), source)


def _plain(
    database: Database, settings: Settings, config: FinetuneConfig | SupervisedConfig
) -> FinetuneConfig | SupervisedConfig:
    if config.dataset is None:
        raise InvalidInputError(
            "no_dataset", "name a labelled dataset, or a run whose architecture is taken", "dataset"
        )
    with database.read() as session:
        dataset = named_dataset(session, config.dataset)
    _require_trainable(settings, dataset, config)
    return config


def _require_trainable(
    settings: Settings, dataset: DatasetRow, config: FinetuneConfig | SupervisedConfig
) -> None:
    counts = require_labels(settings, dataset, config.label_fraction)
    learned = int(np.floor(counts * config.label_fraction + 0.5).sum())  # as label_subset takes them
    if learned < config.batch_size:
        raise InvalidInputError(
            "batch_too_large",
            f"batch_size {config.batch_size} is more than the {learned} labelled rows to train on; "
            f"set it to {max(learned // 4, 2)}",
            "batch_size",
        )


def _architecture(settings: Settings, run: RunRow, config: SupervisedConfig) -> dict[str, object]:
    """Sizes of the encoder, but for those that were asked for."""
    sizes = run.config if "embed_dim" in run.config else _stored_config(settings, run)
    wanted = set(EncoderConfig.model_fields) - config.model_fields_set
    return {name: sizes[name] for name in wanted if name in sizes}


def _stored_config(settings: Settings, run: RunRow) -> dict[str, object]:
    """What a checkpoint says of an encoder whose run does not."""
    meta = find_encoder(settings.home, run.id, "last").meta
    return dict(meta["config"])
