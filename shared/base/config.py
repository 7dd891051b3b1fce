"""The base of configs, and fields with a unit and group for forms."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

DATASET_NAME = r"^[a-z0-9][a-z0-9._-]{0,62}$"


def setting(
    default: Any, group: str, text: str, *, unit: str = "", simple: bool = False, **limits: Any
) -> Any:
    """A pydantic Field with group and unit for forms; the short form shows `simple` fields."""
    extra: JsonDict = {"group": group, "unit": unit, "simple": simple}
    return Field(default, description=text, json_schema_extra=extra, **limits)


class Config(BaseModel):
    """Base of every config: frozen, unknown keys rejected."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ConfigConflictError(ValueError):
    """Two incompatible fields; `field` is the one to change, `suggestion` a valid value."""

    def __init__(self, field: str, sentence: str, suggestion: float | None = None) -> None:
        super().__init__(sentence)
        self.field = field
        self.suggestion = suggestion
