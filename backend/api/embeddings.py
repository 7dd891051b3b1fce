"""Routes of embeddings, and of search, odd galaxies and maps by them."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from backend.api.deps import ServicesDep, cached, parsed, route, saved_as
from backend.services.datasets.locating import locate
from backend.services.datasets.tables import TableFormat
from backend.services.embeddings.map_colours import map_colours
from backend.services.embeddings.odd import odd_table
from backend.services.embeddings.vectors import EmbeddingFormat, embeddings_file
from shared.contract import endpoints
from shared.contract.maps import ColourBy, Colours, MapRequest, MapState
from shared.contract.odd import OddPage, OddRequest
from shared.contract.search import (
    ComparedRequest,
    EmbeddingSpace,
    EmbeddingState,
    LocatedGalaxy,
    Overlap,
    OverlapRequest,
    QualityState,
    SearchComparison,
    SearchRequest,
    SearchResult,
)

router = APIRouter(tags=["embeddings"])
SearchQuery = Annotated[str, Query(max_length=4_000, description="A SearchRequest as JSON.")]
OverlapQuery = Annotated[str, Query(max_length=16_000, description="An OverlapRequest as JSON.")]


@route(router, endpoints.GET_EMBEDDINGS)
def get_embeddings(services: ServicesDep, space: Annotated[EmbeddingSpace, Query()]) -> EmbeddingState:
    """Whether the embeddings of a dataset exist, and the job that computes them."""
    return services.embeddings.state(space)


@route(router, endpoints.GET_SEARCH_QUALITY)
def get_quality(services: ServicesDep, space: Annotated[EmbeddingSpace, Query()]) -> QualityState:
    """How often similar galaxies are of the same class, where that was measured."""
    return services.embeddings.quality(space)


@route(router, endpoints.EMBEDDINGS_FILE)
def get_embeddings_file(
    services: ServicesDep, file_format: EmbeddingFormat, space: Annotated[EmbeddingSpace, Query()]
) -> Response:
    """Every vector, keyed by source id."""
    content = embeddings_file(services.datasets, services.embeddings, space, file_format)
    return saved_as(f"{space.run}-embeddings.{file_format}", content)


@route(router, endpoints.SEARCH)
def search(services: ServicesDep, query: SearchQuery) -> SearchResult:
    """The galaxies most like the examples."""
    return services.search.find(parsed(query, SearchRequest))


@route(router, endpoints.SEARCH_FILE)
def search_file(services: ServicesDep, file_format: TableFormat, query: SearchQuery) -> Response:
    """The same as a table, with links."""
    request = parsed(query, SearchRequest)
    name = f"{request.space.run}-like-{'image' if request.row is None else request.row}.{file_format}"
    return saved_as(name, services.search.table(request, file_format))


@route(router, endpoints.COMPARE_SEARCHES)
def compare_searches(services: ServicesDep, query: SearchQuery) -> SearchComparison:
    """The same search by two encoders, and their agreement."""
    return services.agreements.compare(parsed(query, ComparedRequest))


@route(router, endpoints.GET_OVERLAP)
def get_overlap(services: ServicesDep, query: OverlapQuery) -> Overlap:
    """The share of common neighbours of two encoders, over a dataset or some of its galaxies."""
    return services.agreements.overlap(parsed(query, OverlapRequest))


@route(router, endpoints.LOCATE_GALAXY)
def locate_galaxy(
    services: ServicesDep,
    name: str,
    text: Annotated[
        str, Query(max_length=1_000, description="A row, an id, RA and Dec, or a Legacy Survey viewer link.")
    ],
) -> LocatedGalaxy:
    return locate(services.datasets, name, text)


OddQuery = Annotated[str, Query(max_length=4_000, description="An OddRequest as JSON.")]


@route(router, endpoints.LIST_ODD)
def list_odd(services: ServicesDep, query: OddQuery) -> OddPage:
    """The oddest galaxies of a dataset, by isolation, label or interest."""
    return services.odd.page(parsed(query, OddRequest))


@route(router, endpoints.ODD_FILE)
def odd_file(services: ServicesDep, file_format: TableFormat, query: OddQuery) -> Response:
    """The same as a table, with RA, Dec and links."""
    odd_request = parsed(query, OddRequest)
    content = odd_table(services.odd.page(odd_request), file_format)
    return saved_as(f"{odd_request.space.run}-odd-{odd_request.by}.{file_format}", content)


MapQuery = Annotated[MapRequest, Query()]


@route(router, endpoints.GET_MAP)
def get_map(services: ServicesDep, map_request: MapQuery) -> MapState:
    """Whether the map exists, and the job that computes it. A PCA is computed now, in about a second."""
    return services.projections.state(map_request)


@route(router, endpoints.MAP_POINTS)
def get_points(services: ServicesDep, request: Request, map_request: MapQuery) -> Response:
    """float32, little-endian: N values of x, then N of y, in the order of the dataset."""
    projections = services.projections
    points = partial(projections.points, map_request)
    return cached(request, projections.etag(map_request), "no-cache", "application/octet-stream", points)


@route(router, endpoints.GET_COLOURS)
def get_colours(
    services: ServicesDep,
    name: str,
    by: ColourBy = ColourBy.CLASS,
    evaluation: Annotated[
        str | None, Query(description="Evaluation whose predictions give the colours.")
    ] = None,
) -> Colours:
    return map_colours(services.datasets, services.evaluations, services.annotations, name, by, evaluation)
