"""One ASGI app: API v1, then the Streamlit frontend at /. The one place that knows both sides."""

import os
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from backend.api import (
    annotations,
    bundles,
    datasets,
    embeddings,
    evaluations,
    experiments,
    launching,
    reconstructions,
    runs,
    sources,
    system,
)
from backend.api.security import LOCAL_HOSTS, Guard
from backend.errors import GalaxyscopeError, InvalidInputError, NotFoundError, shortened
from backend.services.launching.estimate import load_torch
from backend.services.machine.status import TORCH
from backend.services.services import Services
from backend.settings import Settings, is_loopback
from shared.base.wire import ErrorBody
from shared.contract.routes import API

EVERY_METHOD = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
PREPARE_AFTER_S = 3.0
APP_SCRIPT = Path(__file__).parent.parent / "frontend" / "app.py"


def create_app(settings: Settings, ui: bool = True) -> FastAPI:
    """The server of one home. With `ui` it mounts Streamlit, which a process can do once."""
    services = Services.open(settings).load()
    streamlit_app = _streamlit(settings) if ui else None

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if streamlit_app is None:
            yield
        else:
            _prepare_in_the_background()
            async with streamlit_app.lifespan()(app):
                yield
        services.close()

    app = FastAPI(
        title="Galaxyscope",
        version=version("galaxyscope"),
        lifespan=lifespan,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        middleware=[Middleware(Guard, hosts=_hosts(settings), token=settings.token)],
        routes=_api_routes(),
    )
    app.state.services = services
    app.add_exception_handler(GalaxyscopeError, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(Exception, _answer_failure)
    for path in ("/api", "/api/{path:path}"):
        app.add_api_route(path, _no_such_route, methods=EVERY_METHOD, include_in_schema=False)
    if streamlit_app is not None:
        app.mount("/", streamlit_app)
    return app


def _prepare_in_the_background() -> None:
    """What the first visitor would wait for: torch for the first batch, and its word on the device."""

    def prepare() -> None:
        time.sleep(PREPARE_AFTER_S)
        TORCH.start()
        load_torch()

    threading.Thread(target=prepare, daemon=True).start()


@cache  # what FastAPI makes of a hundred signatures is the same for every server of a process
def _api_routes() -> list[BaseRoute]:
    router = APIRouter(prefix=API, responses={"4XX": {"model": ErrorBody}})
    parts = (
        bundles,
        runs,
        datasets,
        annotations,
        sources,
        launching,
        reconstructions,
        evaluations,
        experiments,
        embeddings,
        system,
    )
    for part in parts:
        router.include_router(part.router)
    return router.routes


def _no_such_route(request: Request) -> None:
    asked = f"{request.method} {request.url.path}"
    raise NotFoundError("route_not_found", f"there is no {asked}; {API}/openapi.json lists the routes")


def _hosts(settings: Settings) -> frozenset[str] | None:
    """Host headers that are answered; any, where the server listens to others and a token guards it."""
    if is_loopback(settings.host):
        return LOCAL_HOSTS
    if settings.token is None:
        raise InvalidInputError(
            "token_needed",
            f"host {settings.host} would open the server to the network; "
            "set GALAXYSCOPE_TOKEN, or use 127.0.0.1",
            "host",
        )
    return None


def _streamlit(settings: Settings) -> Any:
    """The Streamlit app, which finds the API and its token by environment."""
    os.environ["GALAXYSCOPE_API_URL"] = settings.local_url
    if settings.token is not None:
        os.environ["GALAXYSCOPE_TOKEN"] = settings.token
    import streamlit  # a second of import that an API without pages does not need

    return streamlit.App(str(APP_SCRIPT))


def _answer_error(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, GalaxyscopeError):
        raise error
    body = ErrorBody(code=error.code, detail=error.detail, field=error.field)
    return JSONResponse(body.model_dump(), status_code=error.status)


def _answer_failure(request: Request, _error: Exception) -> JSONResponse:
    """The last resort: the traceback goes to the server's log, a sentence to the page."""
    detail = f"the server failed at {request.method} {request.url.path}; what it printed says why"
    return JSONResponse(ErrorBody(code="internal", detail=detail).model_dump(), status_code=500)


def _answer_invalid(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    fault = error.errors()[0]
    field = ".".join(str(part) for part in fault["loc"][1:])
    if fault["type"] == "json_invalid":
        body = ErrorBody(code="invalid_json", detail="the body is not JSON; send one JSON object", field=None)
        return JSONResponse(body.model_dump(), status_code=422)
    given = shortened(fault.get("input"))
    detail = f"{field} = {given}: {fault['msg'][0].lower()}{fault['msg'][1:]}"
    body = ErrorBody(code="invalid_request", detail=detail, field=field)
    return JSONResponse(body.model_dump(), status_code=422)
