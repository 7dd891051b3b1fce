"""The base of everything that crosses the wire."""

from pydantic import BaseModel, ConfigDict


class Wire(BaseModel):
    """Base of everything the API sends: frozen, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")
