"""Routes of the server: health, machine, presets, vendored assets, notices and their webhook."""

import gzip
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from backend.api.deps import ServicesDep, route
from backend.errors import NotFoundError
from backend.services.machine.status import read_health, read_machine
from backend.services.runs import notices
from shared.configs import presets
from shared.contract import endpoints
from shared.contract.system import Health, Machine, Notice, Webhook, WebhookConfig, WebhookTest

router = APIRouter(tags=["system"])

VENDORED = {"plotly.min.js": ("plotly", "package_data/plotly.min.js")}
"""Assets served from installed packages, so that nothing is loaded from elsewhere."""


@route(router, endpoints.GET_HEALTH)
def health(services: ServicesDep) -> Health:
    return read_health(services.database, services.settings)


@route(router, endpoints.GET_MACHINE)
def machine(services: ServicesDep) -> Machine:
    """Device, driver, torch, memory, disk; `checking` until torch has answered."""
    return read_machine(services.database, services.settings)


@route(router, endpoints.LIST_PRESETS)
def list_presets() -> list[presets.Preset]:
    return list(presets.PRESETS.values())


@route(router, endpoints.VENDORED_FILE)
def vendored(asset: str, request: Request) -> Response:
    if asset not in VENDORED:
        raise NotFoundError("asset_not_found", f"there is no asset {asset}; there is: {', '.join(VENDORED)}")
    package, path = VENDORED[asset]
    headers = {"Cache-Control": "public, max-age=604800, immutable", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(_compressed(package, path), media_type="text/javascript", headers=headers)
    return FileResponse(Path(str(files(package) / path)), media_type="text/javascript", headers=headers)


@cache
def _compressed(package: str, path: str) -> bytes:
    return gzip.compress((files(package) / path).read_bytes(), compresslevel=6, mtime=0)


@route(router, endpoints.LIST_NOTICES)
def list_notices(
    services: ServicesDep,
    after: Annotated[int, Query(ge=0, description="Only notices with a higher id.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> list[Notice]:
    """Newest first."""
    return notices.list_notices(services.database, after, limit)


@route(router, endpoints.GET_WEBHOOK)
def read_webhook(services: ServicesDep) -> Webhook:
    return notices.read_webhook(services.database)


@route(router, endpoints.SET_WEBHOOK)
def set_webhook(services: ServicesDep, config: WebhookConfig) -> Webhook:
    """Set where notices are sent; an empty address sends none."""
    return notices.set_webhook(services.database, config)


@route(router, endpoints.TEST_WEBHOOK)
def try_webhook(services: ServicesDep) -> WebhookTest:
    """Send a test message now."""
    return notices.try_webhook(services.database)
