"""Routes of datasets and their images."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from backend.api.deps import ServicesDep, cached, route, saved_as
from backend.services.datasets import changes
from backend.services.datasets.browsing import RowSelection
from shared.base.vocabulary import Split
from shared.contract import endpoints
from shared.contract.datasets import (
    Dataset,
    DatasetChange,
    DeletionPreview,
    Duplicates,
    GalaxyPage,
    PixelStatistics,
    SkyMap,
)

router = APIRouter(tags=["datasets"])


@route(router, endpoints.LIST_DATASETS)
def list_datasets(services: ServicesDep) -> list[Dataset]:
    return services.datasets.list_all()


@route(router, endpoints.GET_DATASET)
def get_dataset(services: ServicesDep, name: str) -> Dataset:
    return services.datasets.get(name)


@route(router, endpoints.CHANGE_DATASET)
def change_dataset(services: ServicesDep, name: str, change: DatasetChange) -> Dataset:
    """Rename or describe it."""
    return changes.change_dataset(services.database, name, change)


@route(router, endpoints.PREVIEW_DATASET_DELETION)
def preview_deletion(services: ServicesDep, name: str) -> DeletionPreview:
    """What deleting it would remove, and the runs that prevent it."""
    return changes.preview_deletion(services.database, name)


@route(router, endpoints.DELETE_DATASET)
def delete_dataset(services: ServicesDep, name: str) -> None:
    changes.delete_dataset(services.database, services.settings, name)
    services.datasets.close_deleted()


@route(router, endpoints.LIST_DUPLICATES)
def list_duplicates(services: ServicesDep, name: str) -> Duplicates:
    return services.datasets.duplicates(name)


@route(router, endpoints.GET_STATISTICS)
def get_statistics(services: ServicesDep, name: str) -> PixelStatistics:
    return services.datasets.statistics(name)


@route(router, endpoints.GET_SKY_MAP)
def get_sky_map(
    services: ServicesDep, name: str, max_points: Annotated[int, Query(ge=1, le=200_000)] = 20_000
) -> SkyMap:
    return services.datasets.sky_map(name, max_points)


@route(router, endpoints.SPLIT_FILE)
def get_split(services: ServicesDep, name: str) -> Response:
    """CSV of row, source_id, split; importing with it reproduces the split."""
    return saved_as(f"{name}-split.csv", services.datasets.split_csv(name))


@route(router, endpoints.LIST_GALAXIES)
def browse(
    services: ServicesDep,
    name: str,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 60,
    label: Annotated[str | None, Query(description='A class name, or "unlabelled".')] = None,
    split: Split | None = None,
    redshift_min: float | None = None,
    redshift_max: float | None = None,
    collection: str | None = None,
) -> GalaxyPage:
    """Rows in file order; a redshift bound excludes rows without redshift."""
    among = services.annotations.collections.rows(name, collection) if collection is not None else None
    selection = RowSelection(label, split, redshift_min, redshift_max, among=among)
    return services.datasets.browse(name, selection, offset=offset, limit=limit)


@route(router, endpoints.GALAXY_IMAGE)
def galaxy_image(
    services: ServicesDep,
    request: Request,
    name: str,
    row: int,
    size: Annotated[
        int | None, Query(ge=8, le=1024, description="Pixels a side; its own where absent.")
    ] = None,
) -> Response:
    datasets = services.datasets
    draw = partial(datasets.image_png, name, row, size)
    return cached(request, datasets.etag(name, row, size), "max-age=86400", "image/png", draw)
