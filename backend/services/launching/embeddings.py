"""What an embedding or a projection needs before it is queued."""

from backend.errors import InvalidInputError
from backend.jobs.queue import ReadyRun
from backend.services.embeddings.projection_jobs import config_of, is_embedded, perplexity_fault
from backend.services.embeddings.spaces import require_index, require_quality, resolve_space, space_of
from backend.services.embeddings.vectors import not_embedded
from backend.services.launching.context import LaunchContext
from shared.configs import EmbedConfig, ProjectConfig
from shared.configs.kinds import RunKind


def prepare_embedding(context: LaunchContext, config: EmbedConfig) -> ReadyRun:
    """The config with nothing left open, and its encoder."""
    space = resolve_space(context.database, context.settings, space_of(config))
    if config.quality:
        require_quality(context.settings, space)
    if config.index == "always":
        require_index()
    requested = config.model_dump(include={"every_checkpoint", "quality", "index"})
    return ReadyRun(RunKind.EMBED, space.config.model_copy(update=requested), space.encoder)


def prepare_projection(context: LaunchContext, config: ProjectConfig) -> ReadyRun:
    """The config with nothing left open, and its encoder. Raises ConflictError where its galaxies are not
    embedded yet."""
    resolved = resolve_space(context.database, context.settings, space_of(config))
    fault = perplexity_fault(config.perplexity, resolved)
    if fault is not None:
        raise InvalidInputError("perplexity_too_large", fault, "perplexity")
    if not is_embedded(context.settings, resolved):
        raise not_embedded(resolved)
    complete = config_of(resolved, config.perplexity, config.seed)
    return ReadyRun(RunKind.PROJECT, complete, resolved.encoder)
