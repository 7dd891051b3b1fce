"""The base of every config, and how a field carries its unit and group to a form."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

DATASET_NAME = r"^[a-z0-9][a-z0-9._-]{0,62}$"


def setting(
    default: Any, group: str, text: str, *, unit: str = "", simple: bool = False, **limits: Any
) -> Any:
    """A pydantic Field with the group and unit a form shows; `simple` fields stand in the short form."""
    extra: JsonDict = {"group": group, "unit": unit, "simple": simple}
    return Field(default, description=text, json_schema_extra=extra, **limits)


class Config(BaseModel):
    """Base of every config: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ConfigConflictError(ValueError):
    """Two fields that do not go together; `field` is the one to change, `suggestion` a value that fits."""

    def __init__(self, field: str, sentence: str, suggestion: float | None = None) -> None:
        super().__init__(sentence)
        self.field = field
        self.suggestion = suggestion
