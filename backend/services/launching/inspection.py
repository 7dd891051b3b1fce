"""What comes before an import: looking at a source, and at it as it would be stored."""

from typing import Any

from pydantic import ValidationError

from backend.config_errors import config_error
from backend.data.importers import inspect_source, preview_sprite
from backend.services.launching.datasets import absolute_source, require_readable_source
from backend.settings import Settings
from shared.configs import ImportConfig
from shared.contract.datasets import SourcePreview

UNNAMED = "unnamed"


def inspect(settings: Settings, values: dict[str, Any]) -> SourcePreview:
    """What an import with these values would find; a name is not needed yet. Raises what makes looking
    impossible (no such path, outside the roots, a value out of range); the rest are its problems."""
    return inspect_source(_config(settings, values), settings.readable_roots)


def preview_png(settings: Settings, values: dict[str, Any]) -> bytes:
    """Sixteen galaxies as they would be stored: PNG, 8 columns × 2 rows of 96 px."""
    return preview_sprite(_config(settings, values), settings.readable_roots)


def _config(settings: Settings, values: dict[str, Any]) -> ImportConfig:
    try:
        config = ImportConfig.model_validate({**values, "name": values.get("name") or UNNAMED})
    except ValidationError as error:
        raise config_error(error) from None
    config = absolute_source(config, settings)
    require_readable_source(config, settings.readable_roots)
    return config
