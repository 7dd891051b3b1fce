"""Preparing datasets: a free name, a readable source, disk space; and previews of a source."""

import shutil
from pathlib import Path
from typing import Any

from backend.config_errors import validated
from backend.data.importers import check_source, inspect_source, preview_sprite
from backend.db.models import DatasetRow
from backend.errors import InvalidInputError
from backend.jobs.queue import ReadyRun
from backend.services.datasets.changes import require_free_name
from backend.services.launching.context import (
    LaunchContext,
    expanded,
    require_file,
    require_readable,
    within_base,
)
from backend.settings import Settings
from shared.configs import DownloadConfig, ImportConfig, SimulateConfig, SubsetConfig
from shared.configs.kinds import RunKind
from shared.contract.datasets import SourcePreview

UNNAMED = "unnamed"


def prepare_import(context: LaunchContext, config: ImportConfig) -> ReadyRun:
    """Makes paths absolute and checks the source."""
    config = _absolute_source(config, context.settings)
    _require_free_name(context, config.name)
    _require_readable_source(config, context.settings)
    check_source(config, context.settings.readable_roots)
    return ReadyRun(RunKind.IMPORT, config, roots=context.settings.readable_roots)


def prepare_subset(context: LaunchContext, config: SubsetConfig) -> ReadyRun:
    """Makes the path of its table absolute; its classes must exist."""
    _require_free_name(context, config.name)
    if config.split_table is not None:
        table = within_base(config.split_table, "split_table", context.settings)
        require_file(table, context.settings.readable_roots, "split_table")
        config = config.model_copy(update={"split_table": table})
    with context.database.read() as session:
        row = session.get(DatasetRow, config.dataset)
    known = row.info["class_names"] if row else config.classes
    for name in config.classes:
        if name not in known:
            detail = f"{config.dataset} has no class {name}; there are: {', '.join(known) or 'none'}"
            raise InvalidInputError("unknown_class", detail, "classes")
    return ReadyRun(RunKind.SUBSET, config, roots=context.settings.readable_roots)


def prepare_simulation(context: LaunchContext, config: SimulateConfig) -> ReadyRun:
    _require_free_name(context, config.name)
    needed, free = config.n * config.img_size**2 * 3, shutil.disk_usage(context.settings.home).free
    if needed > free:
        raise InvalidInputError(
            "disk_full",
            f"the dataset needs {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free; make fewer or "
            "smaller images",
            "n",
        )
    return ReadyRun(RunKind.SIMULATE, config)


def prepare_download(context: LaunchContext, config: DownloadConfig) -> ReadyRun:
    _require_free_name(context, config.name)
    return ReadyRun(RunKind.DOWNLOAD, config)


def inspect(settings: Settings, values: dict[str, Any]) -> SourcePreview:
    """What an import with these values would read; a name is not needed yet. Raises where the source cannot
    be inspected (missing, outside the roots, an invalid value); other faults are `problems`."""
    return inspect_source(_source_config(settings, values), settings.readable_roots)


def preview_png(settings: Settings, values: dict[str, Any]) -> bytes:
    """Sixteen galaxies as they would be stored: PNG, 8 columns × 2 rows of 96 px."""
    return preview_sprite(_source_config(settings, values), settings.readable_roots)


def _source_config(settings: Settings, values: dict[str, Any]) -> ImportConfig:
    config = validated(ImportConfig, {**values, "name": values.get("name") or UNNAMED})
    config = _absolute_source(config, settings)
    _require_readable_source(config, settings)
    return config


def _absolute_source(config: ImportConfig, settings: Settings) -> ImportConfig:
    """The import with absolute paths: `path` relative to the first data root, `labels` beside the images."""
    path = Path(within_base(config.path, "path", settings))
    folder = path if path.is_dir() else path.parent
    labels = str(folder / expanded(config.labels, "labels")) if config.labels else None
    return config.model_copy(update={"path": str(path), "labels": labels})


def _require_readable_source(config: ImportConfig, settings: Settings) -> None:
    for field in ("path", "labels"):
        value = getattr(config, field)
        if value is not None:
            require_readable(value, settings.readable_roots, field)


def _require_free_name(context: LaunchContext, name: str) -> None:
    with context.database.read() as session:
        require_free_name(session, name)
