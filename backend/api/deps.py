"""What routes share: the services, JSON in query parameters, responses that a browser saves."""

from typing import Annotated, TypeVar
from urllib.parse import quote

from fastapi import Depends, Request, Response
from pydantic import BaseModel, ValidationError

from backend.config_errors import config_error
from backend.services.services import Services

T = TypeVar("T", bound=BaseModel)
MEDIA = {
    "csv": "text/csv",
    "html": "text/html; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
}


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]


def parsed(query: str, kind: type[T]) -> T:
    """A request sent as JSON in a query parameter, so that a GET has an address. Raises InvalidInputError."""
    try:
        return kind.model_validate_json(query)
    except ValidationError as error:
        raise config_error(error) from None


def saved_as(name: str, content: bytes | str) -> Response:
    """A response that the browser saves as `name`."""
    media = MEDIA.get(name.rpartition(".")[2], "application/octet-stream")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    return Response(content, media_type=media, headers=headers)


def matches(request: Request, headers: dict[str, str]) -> bool:
    """Whether the browser has the content with the ETag in `headers` already."""
    return request.headers.get("if-none-match") == headers["ETag"]
