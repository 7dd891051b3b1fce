"""Routes before a dataset import: folders, uploads, previews of a source."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Any

from anyio import from_thread
from fastapi import APIRouter, Body, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from backend.api.deps import ServicesDep, route
from backend.data.incoming.folders import list_folder
from backend.errors import InvalidInputError
from backend.services.launching import cutouts, datasets
from shared.contract import endpoints
from shared.contract.cutouts import CutoutsPreview
from shared.contract.datasets import FolderListing, SourcePreview, Upload

router = APIRouter(tags=["sources"])


@route(router, endpoints.LIST_FOLDER)
def folders(services: ServicesDep, path: str | None = None) -> FolderListing:
    """A folder under the data roots; the first of them where `path` is absent."""
    return list_folder(path, tuple(Path(root) for root in services.settings.data_roots))


@route(router, endpoints.START_UPLOAD, status_code=201)
def start_upload(services: ServicesDep) -> Upload:
    """Create an empty upload; files are added one by one."""
    return services.uploads.new()


@route(router, endpoints.UPLOAD_FILE)
async def upload_file(services: ServicesDep, request: Request, upload_id: str, filename: str) -> Upload:
    """The body is the file, written as it arrives."""
    length = request.headers.get("content-length", "")
    total = int(length) if length.isdigit() else None
    chunks = _pulled(request.stream())
    return await run_in_threadpool(services.uploads.write, upload_id, filename, chunks, total)


def _pulled(stream: AsyncIterator[bytes]) -> Iterator[bytes]:
    """The body in pieces, for a thread of the pool, which pulls each when the last is on disk."""

    async def pull() -> bytes | None:
        return await anext(stream, None)

    try:
        while (piece := from_thread.run(pull)) is not None:
            yield piece
    except ClientDisconnect:
        raise InvalidInputError("upload_broken", "the upload was interrupted; send the file again") from None


@route(router, endpoints.INSPECT_SOURCE)
def inspect(services: ServicesDep, values: Annotated[dict[str, Any], Body()]) -> SourcePreview:
    """What an import with these values would read."""
    return datasets.inspect(services.settings, values)


@route(router, endpoints.SOURCE_PREVIEW)
def preview(
    services: ServicesDep, config: Annotated[str, Query(description="Values of an ImportConfig as JSON.")]
) -> Response:
    """Sixteen galaxies as they would be stored: 8 columns by 2 rows of 96 px."""
    png = datasets.preview_png(services.settings, _json_object(config))
    return Response(png, media_type="image/png", headers={"Cache-Control": "private, max-age=60"})


@route(router, endpoints.INSPECT_CUTOUTS)
def inspect_cutouts(services: ServicesDep, values: Annotated[dict[str, Any], Body()]) -> CutoutsPreview:
    """What cut-outs with these values would cost, and what their dataset would be; asks no service."""
    return cutouts.inspect(services.settings, values)


@route(router, endpoints.CUTOUTS_PREVIEW)
def preview_cutouts(
    services: ServicesDep, config: Annotated[str, Query(description="Values of a CutoutsConfig as JSON.")]
) -> Response:
    """Sixteen cut-outs as they would be stored, fetched from the service: 8 columns by 2 rows of 96 px."""
    png = cutouts.preview_png(services.settings, _json_object(config))
    return Response(png, media_type="image/png", headers={"Cache-Control": "private, max-age=60"})


def _json_object(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        detail = f"config is not valid JSON: {error}; send an object"
        raise InvalidInputError("invalid_json", detail, "config") from None
    if not isinstance(values, dict):
        raise InvalidInputError("invalid_json", f"config is {text[:40]}; send a JSON object", "config")
    return values
