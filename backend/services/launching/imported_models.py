"""What the import of a model needs before it is queued: a readable file of weights."""

from backend.jobs.queue import ReadyRun
from backend.services.launching.context import LaunchContext
from backend.services.launching.paths import require_file, within_base
from shared.configs import ImportModelConfig
from shared.configs.kinds import RunKind


def prepare_model_import(context: LaunchContext, config: ImportModelConfig) -> ReadyRun:
    """The import with the absolute path of its weights."""
    config = config.model_copy(update={"path": within_base(config.path, "path", context.settings)})
    require_file(config.path, context.roots, "path")
    return ReadyRun(RunKind.IMPORT_MODEL, config, roots=context.roots)
