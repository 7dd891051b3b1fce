"""Routes of maps: whether there is one, its points, and what colours them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from backend.api.deps import ServicesDep
from backend.services.embeddings.map_colours import map_colours
from shared.contract import routes
from shared.contract.maps import ColourBy, Colours, MapRequest, MapState

router = APIRouter(tags=["maps"])
Asked = Annotated[MapRequest, Query()]


@router.get(routes.MAPS)
def get_map(services: ServicesDep, asked: Asked) -> MapState:
    """Whether there is such a map, and the job that makes it. A PCA is made now, in about a second."""
    return services.projections.state(asked)


@router.get(routes.MAP_POINTS, response_class=Response)
def get_points(services: ServicesDep, request: Request, asked: Asked) -> Response:
    """float32, little-endian: N values of x, then N of y, in the order of the dataset."""
    headers = {"ETag": services.projections.etag(asked), "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    points = services.projections.points(asked)
    return Response(points, media_type="application/octet-stream", headers=headers)


@router.get(routes.MAP_COLOURS)
def get_colours(
    services: ServicesDep,
    name: str,
    by: ColourBy = ColourBy.CLASS,
    evaluation: Annotated[str | None, Query(description="Whose predictions colour.")] = None,
) -> Colours:
    return map_colours(services.datasets, services.evaluations, services.annotations, name, by, evaluation)
