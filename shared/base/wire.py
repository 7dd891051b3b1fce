"""The base of everything that crosses the wire, and what an error looks like on it."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict


class Wire(BaseModel):
    """Base of everything the API sends: frozen, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_serialization_defaults_required=True)

    @classmethod
    def from_attributes(cls, source: object, **values: Any) -> Self:
        """The model of `values`; each field missing there is the attribute of that name of `source`."""
        missing = [name for name in cls.model_fields if name not in values and hasattr(source, name)]
        return cls.model_validate({name: getattr(source, name) for name in missing} | values)


class ErrorBody(BaseModel):
    """The body of every response that is not 2xx.

    `code` is a stable word for programs (``dataset_exists``). `detail` is one sentence for a person: it names
    the offending value and says what to do next. `field` names the config field at fault, if there is one.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    detail: str
    field: str | None = None
