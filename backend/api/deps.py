"""What routes share: registration, the services, JSON in query parameters, files that a browser saves."""

from collections.abc import Awaitable, Callable
from types import NoneType
from typing import Annotated, ParamSpec, TypeVar
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.datastructures import Default
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from backend.config_errors import config_error
from backend.services.services import Services
from shared.contract.endpoints import Endpoint

P = ParamSpec("P")
R = TypeVar("R")
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


def route(
    router: APIRouter, endpoint: Endpoint[R], *, status_code: int = 200
) -> Callable[[Callable[P, R | Awaitable[R] | Response]], Callable[P, R | Awaitable[R] | Response]]:
    """Register the handler of an endpoint; that of a file returns a Response."""
    bare = endpoint.response in (bytes, NoneType)
    return router.api_route(
        endpoint.path,
        methods=[endpoint.method],
        response_model=None if bare else endpoint.response,
        response_class=Response if endpoint.response is bytes else Default(JSONResponse),
        status_code=204 if endpoint.response is NoneType else status_code,
    )


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


def cached(request: Request, etag: str, caching: str, media: str, content: Callable[[], bytes]) -> Response:
    """`content()` with its ETag; only the headers if the browser has it already."""
    headers = {"ETag": etag, "Cache-Control": f"private, {caching}"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(content(), media_type=media, headers=headers)
