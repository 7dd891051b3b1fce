"""Routes of datasets and their images."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from backend.api.deps import ContextDep
from shared import routes
from shared.datasets import Dataset, GalaxyPage, Split

router = APIRouter(tags=["datasets"])


@router.get(routes.DATASETS)
def list_datasets(context: ContextDep) -> list[Dataset]:
    return context.datasets.list_all()


@router.get(routes.DATASET)
def get_dataset(context: ContextDep, name: str) -> Dataset:
    return context.datasets.get(name)


@router.get(routes.GALAXIES)
def browse(
    context: ContextDep,
    name: str,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 60,
    label: Annotated[str | None, Query(description='A class name, or "unlabelled".')] = None,
    split: Split | None = None,
) -> GalaxyPage:
    return context.datasets.browse(name, offset=offset, limit=limit, label=label, split=split)


@router.get(routes.GALAXY_IMAGE, response_class=Response)
def galaxy_image(
    context: ContextDep,
    request: Request,
    name: str,
    row: int,
    size: Annotated[
        int | None, Query(ge=8, le=1024, description="Pixels a side; its own where absent.")
    ] = None,
) -> Response:
    etag = context.datasets.etag(name, row, size)
    headers = {"ETag": etag, "Cache-Control": "private, max-age=86400"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(context.datasets.image_png(name, row, size), media_type="image/png", headers=headers)
