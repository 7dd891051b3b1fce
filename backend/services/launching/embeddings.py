"""Preparing embeddings and projections."""

from backend.data.store import GalaxyStore
from backend.errors import InvalidInputError
from backend.jobs.queue import ReadyRun
from backend.search import approximate
from backend.services.embeddings.projections import perplexity_fault, projection_config
from backend.services.embeddings.spaces import ResolvedSpace, is_embedded, resolve_space, space_of
from backend.services.embeddings.vectors import not_embedded
from backend.services.launching.context import LaunchContext
from backend.settings import Settings
from shared.base.vocabulary import SPLIT_CODES, Split
from shared.configs import EmbedConfig, ProjectConfig
from shared.configs.kinds import RunKind


def prepare_embedding(context: LaunchContext, config: EmbedConfig) -> ReadyRun:
    """Completes the config and resolves the encoder."""
    space = resolve_space(context.database, context.settings, space_of(config))
    if config.quality:
        _require_labels(context.settings, space)
    if config.index == "always" and not approximate.is_installed():
        raise InvalidInputError(
            "no_faiss",
            "index = always needs faiss, which is not installed; run `pip install faiss-cpu` (the extra "
            "`ann`), or leave it at auto: exact search does not need it",
            "index",
        )
    requested = config.model_dump(include={"every_checkpoint", "quality", "index"})
    return ReadyRun(RunKind.EMBED, space.config.model_copy(update=requested), space.encoder)


def prepare_projection(context: LaunchContext, config: ProjectConfig) -> ReadyRun:
    """Completes the config and resolves the encoder. Raises ConflictError where the galaxies are not embedded
    yet."""
    space = resolve_space(context.database, context.settings, space_of(config))
    fault = perplexity_fault(config.perplexity, space)
    if fault is not None:
        raise InvalidInputError("perplexity_too_large", fault, "perplexity")
    if not is_embedded(context.settings, space.files):
        raise not_embedded(space)
    complete = projection_config(space, config.perplexity, config.seed)
    return ReadyRun(RunKind.PROJECT, complete, space.encoder)


def _require_labels(settings: Settings, space: ResolvedSpace) -> None:
    """Raise InvalidInputError without labelled train and validation rows, which measuring a search needs."""
    with GalaxyStore.open(settings.datasets_dir / space.dataset_file) as store:
        for split in (Split.TRAIN, Split.VAL):
            if not ((store.splits == SPLIT_CODES[split]) & (store.labels >= 0)).any():
                raise InvalidInputError(
                    "no_labels",
                    f"{space.config.dataset} has no labelled {split} rows to measure the search with; choose "
                    "a labelled dataset",
                    "dataset",
                )
