"""Routes of reconstructions: single masks, ladders of ratios, uploaded images."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from backend.api.deps import ServicesDep, cached, parsed, route, saved_as
from backend.errors import InvalidInputError
from backend.services.datasets.browsing import RowSelection
from backend.services.reconstruction.images import (
    MAX_UPLOAD_BYTES,
    add_upload,
    random_galaxy,
    upload_too_large,
)
from shared.base.vocabulary import Split
from shared.contract import endpoints
from shared.contract.datasets import Galaxy
from shared.contract.reconstruction import (
    AnimationFormat,
    Checkpoints,
    CurveRequest,
    InsideRequest,
    LadderInfo,
    LadderRequest,
    LayerView,
    Reconstruction,
    ReconstructionRequest,
    SampleCurve,
    SaveRequest,
    UploadedImage,
)

router = APIRouter(tags=["reconstructions"])
LadderQuery = Annotated[str, Query(max_length=2_000, description="A LadderRequest as JSON.")]


@route(router, endpoints.RECONSTRUCT)
def reconstruct(services: ServicesDep, request: ReconstructionRequest) -> Reconstruction:
    return services.reconstructions.reconstruct(request)


@route(router, endpoints.GET_LADDER)
def get_ladder(services: ServicesDep, query: LadderQuery) -> LadderInfo:
    """Responds when the sprite is drawn, after up to a few seconds; single pictures have priority."""
    return services.reconstructions.ladder(parsed(query, LadderRequest))


@route(router, endpoints.LADDER_SPRITE)
def get_sprite(services: ServicesDep, request: Request, query: LadderQuery) -> Response:
    ladder, reconstructions = parsed(query, LadderRequest), services.reconstructions
    draw = partial(reconstructions.sprite, ladder)
    return cached(request, reconstructions.etag(ladder), "no-cache", "image/webp", draw)


@route(router, endpoints.GET_SAMPLE_CURVE)
def get_sample_curve(
    services: ServicesDep,
    query: Annotated[str, Query(max_length=2_000, description="A CurveRequest as JSON.")],
) -> SampleCurve:
    """Takes a second or more the first time; single pictures have priority."""
    return services.reconstructions.sample_curve(parsed(query, CurveRequest))


@route(router, endpoints.LOOK_INSIDE)
def look_inside(
    services: ServicesDep,
    query: Annotated[str, Query(max_length=2_000, description="An InsideRequest as JSON.")],
) -> LayerView:
    return services.reconstructions.inside(parsed(query, InsideRequest))


@route(router, endpoints.SAVE_PICTURE)
def save_picture(services: ServicesDep, request: SaveRequest) -> Response:
    """The panels as PNG."""
    file = services.saved_pictures.row(request)
    return saved_as(file.name, file.content)


@route(router, endpoints.SAVE_ANIMATION)
def save_animation(services: ServicesDep, file_format: AnimationFormat, query: LadderQuery) -> Response:
    """The ladder of ratios as an animation."""
    file = services.saved_pictures.animation(parsed(query, LadderRequest), file_format)
    return saved_as(file.name, file.content)


@route(router, endpoints.UPLOAD_IMAGE, status_code=201)
async def upload_image(services: ServicesDep, request: Request) -> UploadedImage:
    """The body is an image file."""
    content = bytearray()
    try:
        async for chunk in request.stream():
            content += chunk
            if len(content) > MAX_UPLOAD_BYTES:
                raise upload_too_large()
    except ClientDisconnect:
        raise InvalidInputError("upload_broken", "the upload was interrupted; send the image again") from None
    return await run_in_threadpool(add_upload, services.uploads, bytes(content))


@route(router, endpoints.LIST_CHECKPOINTS)
def list_checkpoints(services: ServicesDep, run_id: str) -> Checkpoints:
    return services.models.checkpoints(run_id)


@route(router, endpoints.GET_RANDOM_GALAXY)
def get_random_galaxy(
    services: ServicesDep,
    name: str,
    label: Annotated[str | None, Query(description='A class name, or "unlabelled".')] = None,
    split: Split | None = None,
    seed: Annotated[int | None, Query(ge=0, description="The same seed draws the same galaxy.")] = None,
) -> Galaxy:
    return random_galaxy(services.datasets, name, RowSelection(label, split), seed)
