"""Validation of configs and requests, with its errors as one sentence."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from backend.errors import InvalidInputError, shortened
from shared.configs import ConfigConflictError

Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], values: object) -> Model:
    """`values` as a config or request. Raises InvalidInputError in one sentence."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise config_error(error) from None


def config_error(error: ValidationError) -> InvalidInputError:
    """The first validation error, with its field and value."""
    fault = error.errors()[0]
    conflict = fault.get("ctx", {}).get("error")
    if isinstance(conflict, ConfigConflictError):
        return InvalidInputError("invalid_config", str(conflict), conflict.field)
    field = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "missing":
        return InvalidInputError("invalid_config", f"{field} is missing; give it a value", field)
    if fault["type"] == "extra_forbidden":
        return InvalidInputError("invalid_config", f"there is no setting {field}; check its spelling", field)
    message = fault["msg"][0].lower() + fault["msg"][1:]
    return InvalidInputError("invalid_config", f"{field} = {shortened(fault['input'])}: {message}", field)
