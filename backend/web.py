"""One ASGI app: the API, then the Streamlit frontend at /. Only this module knows both."""

import os
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.convertors import Convertor, register_url_convertor
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

import backend.api
from backend.api.security import LOCAL_HOSTS, Guard
from backend.errors import GalaxyscopeError, InvalidInputError, NotFoundError, shortened
from backend.services.launching.estimate import load_torch
from backend.services.machine.status import TORCH
from backend.services.services import Services
from backend.settings import Settings, is_loopback
from shared.base.wire import ErrorBody
from shared.contract.endpoints import API

EVERY_METHOD = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
PREPARE_AFTER_S = 3.0
FRONTEND = Path(__file__).parent.parent / "frontend"
ASSETS = "/assets/{version}"
"""Where the browser gets the modules of the frontend; `version` changes with them."""


def create_app(settings: Settings, ui: bool = True) -> FastAPI:
    """The server of one home. `ui` mounts Streamlit, which works once per process."""
    services = Services.open(settings).load()
    streamlit_app = _streamlit(settings) if ui else None

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if streamlit_app is None:
            yield
        else:
            _prepare_in_background()
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
        for path in ("/", "/{page:page}"):
            app.add_route(path, _page, methods=["GET", "HEAD"])
        app.mount(ASSETS, GZipMiddleware(Modules(directory=FRONTEND)))
        app.mount("/", streamlit_app)
    return app


class PageName(Convertor[str]):
    """The part of an address that names a page, and no file."""

    regex = "[a-z]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("page", PageName())


def _page(_request: Request) -> HTMLResponse:
    """Streamlit's page, told where the server is, and with our rule for the Back button. Left to guess, it
    asks below the page's own address first, and each load leaves two errors in the browser's console."""
    return HTMLResponse(_page_html(), headers={"Cache-Control": "no-cache"})


@cache
def _page_html() -> str:
    from streamlit import file_util

    text = (Path(file_util.get_static_dir()) / "index.html").read_text(encoding="utf-8")
    steps = (FRONTEND / "shell" / "history.js").read_text(encoding="utf-8")
    told = (
        "<head>\n    <script>window.__streamlit = { BACKEND_BASE_URL: location.origin }</script>"
        f'\n    <script type="module">\n{steps}keepSteps(window)\n</script>'
    )
    return text.replace("<head>", told, 1)


class Modules(StaticFiles):
    """The ES modules of the frontend, and nothing else of its folder; the browser keeps them for good."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        if not path.endswith(".js"):
            return Response(status_code=404)
        response = await super().get_response(path, scope)
        response.headers["Content-Type"] = "text/javascript; charset=utf-8"
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def _prepare_in_background() -> None:
    """Load torch and detect the device, so that the first visitor does not wait for it."""

    def prepare() -> None:
        time.sleep(PREPARE_AFTER_S)
        TORCH.start()
        load_torch()

    threading.Thread(target=prepare, daemon=True).start()


@cache  # shared by all servers of a process: FastAPI takes long to inspect a hundred signatures
def _api_routes() -> list[BaseRoute]:
    router = APIRouter(prefix=API, responses={"4XX": {"model": ErrorBody}})
    for module in iter_modules(backend.api.__path__):
        part = import_module(f"backend.api.{module.name}")
        if hasattr(part, "router"):
            router.include_router(part.router)
    return router.routes


def api_document() -> dict[str, Any]:
    """The API as an OpenAPI document, without opening a home."""
    return get_openapi(title="Galaxyscope", version=version("galaxyscope"), routes=_api_routes())


def _no_such_route(request: Request) -> None:
    route = f"{request.method} {request.url.path}"
    raise NotFoundError("route_not_found", f"there is no {route}; {API}/openapi.json lists the routes")


def _hosts(settings: Settings) -> frozenset[str] | None:
    """Accepted Host headers; None accepts any, if the server listens beyond this machine and has a token."""
    if is_loopback(settings.host):
        return LOCAL_HOSTS
    if settings.token is None:
        raise InvalidInputError(
            "token_needed",
            f"host {settings.host} exposes the server to the network; "
            "set GALAXYSCOPE_TOKEN, or use 127.0.0.1",
            "host",
        )
    return None


def _streamlit(settings: Settings) -> Any:
    """The Streamlit app, which gets the API's address and token from the environment."""
    os.environ["GALAXYSCOPE_API_URL"] = settings.local_url
    if settings.token is not None:
        os.environ["GALAXYSCOPE_TOKEN"] = settings.token
    import streamlit  # a second of import that an API without pages does not need

    return streamlit.App(str(FRONTEND / "app.py"))


def _answer_error(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, GalaxyscopeError):
        raise error
    return _error_response(error.status, error.code, error.detail, error.field)


def _answer_failure(request: Request, _error: Exception) -> JSONResponse:
    """The last resort: the traceback is in the server log, the page gets a sentence."""
    detail = f"Internal error in {request.method} {request.url.path}; see the server log"
    return _error_response(500, "internal", detail)


def _answer_invalid(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    fault = error.errors()[0]
    field = ".".join(str(part) for part in fault["loc"][1:])
    if fault["type"] == "json_invalid":
        return _error_response(422, "invalid_json", "the body is not JSON; send one JSON object")
    message = f"{fault['msg'][0].lower()}{fault['msg'][1:]}"
    detail = f"{field} = {shortened(fault.get('input'))}: {message}"
    return _error_response(422, "invalid_request", detail, field)


def _error_response(status: int, code: str, detail: str, field: str | None = None) -> JSONResponse:
    body = ErrorBody(code=code, detail=detail, field=field)
    return JSONResponse(body.model_dump(), status_code=status)
