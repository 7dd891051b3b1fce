"""Routes of the server itself: health, presets, vendored assets."""

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from backend.api.deps import ServicesDep
from backend.errors import NotFoundError
from backend.services.machine.facts import read_machine
from backend.services.machine.health import read_health
from shared.configs import presets
from shared.contract import routes
from shared.contract.system import Health, Machine

router = APIRouter(tags=["system"])

VENDORED = {"plotly.min.js": ("plotly", "package_data/plotly.min.js")}
"""Assets served from installed packages, so that nothing is loaded from elsewhere."""


@router.get(routes.HEALTH)
def health(services: ServicesDep) -> Health:
    return read_health(services.database, services.settings)


@router.get(routes.MACHINE)
def machine(services: ServicesDep) -> Machine:
    """Device, driver, torch, memory, disk; `checking` until torch has answered."""
    return read_machine(services.database, services.settings)


@router.get(routes.PRESETS)
def list_presets() -> list[presets.Preset]:
    return list(presets.PRESETS.values())


@router.get(routes.VENDOR, response_class=FileResponse)
def vendored(asset: str) -> FileResponse:
    if asset not in VENDORED:
        raise NotFoundError("asset_not_found", f"there is no asset {asset}; there is: {', '.join(VENDORED)}")
    package, path = VENDORED[asset]
    return FileResponse(
        Path(str(files(package) / path)),
        media_type="text/javascript",
        headers={"Cache-Control": "public, max-age=604800, immutable"},
    )
