"""Requests that come as JSON in a query parameter, so that a GET has an address."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from backend.services.runs import config_error

T = TypeVar("T", bound=BaseModel)


def parsed(query: str, kind: type[T]) -> T:
    """Raises InvalidInputError."""
    try:
        return kind.model_validate_json(query)
    except ValidationError as error:
        raise config_error(error) from None
