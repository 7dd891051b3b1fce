"""Preparing datasets of cut-outs: what they cost, a preview, and the last checks."""

import shutil
from typing import Any

from pydantic import ValidationError

from backend.config_errors import config_error
from backend.data.cutouts.making import CUTOUTS_CACHE, check_cutouts, inspect_cutouts, preview_cutouts
from backend.errors import InvalidInputError
from backend.jobs.queue import ReadyRun
from backend.services.datasets.changes import require_free_name
from backend.services.launching.context import LaunchContext, require_readable, within_base
from backend.settings import Settings
from shared.configs import CutoutsConfig
from shared.configs.kinds import RunKind
from shared.contract.cutouts import CutoutsPreview

UNNAMED = "unnamed"


def prepare_cutouts(context: LaunchContext, config: CutoutsConfig) -> ReadyRun:
    """Makes the path absolute and checks the table, the number of requests and the disk."""
    config = _absolute(config, context.settings)
    with context.database.read() as session:
        require_free_name(session, config.name)
    cost = check_cutouts(config, context.settings.home / CUTOUTS_CACHE, context.settings.readable_roots)
    needed, free = cost.fetch_bytes + cost.size_bytes, shutil.disk_usage(context.settings.home).free
    if needed > free:
        why = f"the cut-outs and their dataset need {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free"
        raise InvalidInputError("disk_full", f"{why}; choose fewer or smaller ones", "img_size")
    return ReadyRun(RunKind.CUTOUTS, config, roots=context.settings.readable_roots)


def inspect(settings: Settings, values: dict[str, Any]) -> CutoutsPreview:
    """What a job with these values would fetch; a name is not needed yet. Asks no service. Raises where the
    table cannot be read; other faults are `problems`."""
    config = _config(settings, values)
    return inspect_cutouts(config, settings.home / CUTOUTS_CACHE, settings.readable_roots)


def check(settings: Settings, values: dict[str, Any]) -> CutoutsPreview:
    """The same; raises where a job could not work."""
    config = _config(settings, values)
    return check_cutouts(config, settings.home / CUTOUTS_CACHE, settings.readable_roots)


def preview_png(settings: Settings, values: dict[str, Any]) -> bytes:
    """Sixteen cut-outs as they would be stored, fetched from the service: 8 columns × 2 rows of 96 px."""
    config = _config(settings, values)
    return preview_cutouts(config, settings.home / CUTOUTS_CACHE, settings.readable_roots)


def _config(settings: Settings, values: dict[str, Any]) -> CutoutsConfig:
    try:
        config = CutoutsConfig.model_validate({**values, "name": values.get("name") or UNNAMED})
    except ValidationError as error:
        raise config_error(error) from None
    return _absolute(config, settings)


def _absolute(config: CutoutsConfig, settings: Settings) -> CutoutsConfig:
    path = within_base(config.path, "path", settings)
    require_readable(path, settings.readable_roots, "path")
    return config.model_copy(update={"path": path})
