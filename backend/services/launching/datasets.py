"""What a new dataset needs before it is queued: a free name, a readable source, room on the disk."""

import shutil
from pathlib import Path

from sqlalchemy.orm import Session

from backend.data.importers import check_source
from backend.db.models import DatasetRow
from backend.errors import InvalidInputError
from backend.jobs.queue import ReadyRun
from backend.services.datasets.names import require_free_name
from backend.services.launching.context import LaunchContext
from backend.services.launching.paths import expanded, require_file, require_readable, within_base
from backend.settings import Settings
from shared.configs import DownloadConfig, ImportConfig, SimulateConfig, SubsetConfig
from shared.configs.kinds import RunKind


def prepare_import(context: LaunchContext, config: ImportConfig) -> ReadyRun:
    """The import with absolute paths, its source looked at."""
    config = absolute_source(config, context.settings)
    _require_free_name(context, config.name)
    require_readable_source(config, context.roots)
    check_source(config, context.roots)
    return ReadyRun(RunKind.IMPORT, config, roots=context.roots)


def prepare_subset(context: LaunchContext, config: SubsetConfig) -> ReadyRun:
    """The subset with its table's absolute path; its classes must exist."""
    if config.split_table is not None:
        table = within_base(config.split_table, "split_table", context.settings)
        config = config.model_copy(update={"split_table": table})
    _require_free_name(context, config.name)
    if config.split_table is not None:
        require_file(config.split_table, context.roots, "split_table")
    with context.database.read() as session:
        _require_classes(session, config)
    return ReadyRun(RunKind.SUBSET, config, roots=context.roots)


def prepare_simulation(context: LaunchContext, config: SimulateConfig) -> ReadyRun:
    _require_free_name(context, config.name)
    _require_disk(context.settings, config.n * config.img_size**2 * 3)
    return ReadyRun(RunKind.SIMULATE, config)


def prepare_download(context: LaunchContext, config: DownloadConfig) -> ReadyRun:
    _require_free_name(context, config.name)
    return ReadyRun(RunKind.DOWNLOAD, config)


def absolute_source(config: ImportConfig, settings: Settings) -> ImportConfig:
    """The same import with absolute paths: `path` within the first data root, `labels` beside the images."""
    base = settings.data_roots[0] if settings.data_roots else settings.home
    path = base / expanded(config.path, "path")
    folder = path if path.is_dir() else path.parent
    labels = str(folder / expanded(config.labels, "labels")) if config.labels else None
    return config.model_copy(update={"path": str(path), "labels": labels})


def require_readable_source(config: ImportConfig, roots: tuple[Path, ...]) -> None:
    """Raise ForbiddenError where an import names a path outside `roots`."""
    for field in ("path", "labels"):
        value = getattr(config, field)
        if value is not None:
            require_readable(value, roots, field)


def _require_free_name(context: LaunchContext, name: str) -> None:
    with context.database.read() as session:
        require_free_name(session, name)


def _require_classes(session: Session, config: SubsetConfig) -> None:
    row = session.get(DatasetRow, config.dataset)
    known = row.info["class_names"] if row else config.classes
    missing = [name for name in config.classes if name not in known]
    if missing:
        there = ", ".join(known) or "none"
        raise InvalidInputError(
            "unknown_class", f"{config.dataset} has no class {missing[0]}; there are: {there}", "classes"
        )


def _require_disk(settings: Settings, needed: int) -> None:
    free = shutil.disk_usage(settings.home).free
    if needed > free:
        raise InvalidInputError(
            "disk_full",
            f"the dataset needs {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free; make fewer "
            "or smaller images",
            "n",
        )
