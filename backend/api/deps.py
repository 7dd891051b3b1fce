"""What routes need, as types that read like a sentence."""

from typing import Annotated, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from backend.config_errors import config_error
from backend.services.services import Services

T = TypeVar("T", bound=BaseModel)


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]


def parsed(query: str, kind: type[T]) -> T:
    """A request that comes as JSON in a query parameter, so that a GET has an address. Raises
    InvalidInputError."""
    try:
        return kind.model_validate_json(query)
    except ValidationError as error:
        raise config_error(error) from None
