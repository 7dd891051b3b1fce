"""Routes of embeddings and of search by them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from backend.api.deps import ServicesDep, parsed
from backend.services.datasets.locating import locate
from backend.services.datasets.tables import TableFormat
from backend.services.embeddings.vectors import EmbeddingFormat, embeddings_file
from shared.contract import routes
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

router = APIRouter(tags=["search"])
SearchQuery = Annotated[str, Query(max_length=4_000, description="A SearchRequest as JSON.")]
OverlapQuery = Annotated[str, Query(max_length=16_000, description="An OverlapRequest as JSON.")]
MEDIA = {
    "csv": "text/csv",
    "npy": "application/octet-stream",
    "parquet": "application/vnd.apache.parquet",
}


@router.get(routes.EMBEDDINGS)
def get_embeddings(services: ServicesDep, space: Annotated[EmbeddingSpace, Query()]) -> EmbeddingState:
    """Whether an encoder's embeddings of a dataset are there, and the job that makes them."""
    return services.embeddings.state(space)


@router.get(routes.SEARCH_QUALITY)
def get_quality(services: ServicesDep, space: Annotated[EmbeddingSpace, Query()]) -> QualityState:
    """Whether similar means of the same class, where that was measured."""
    return services.embeddings.quality(space)


@router.get(routes.EMBEDDINGS_FILE, response_class=Response)
def get_embeddings_file(
    services: ServicesDep, file_format: EmbeddingFormat, space: Annotated[EmbeddingSpace, Query()]
) -> Response:
    """Every vector, keyed by source id."""
    content = embeddings_file(services.datasets, services.embeddings, space, file_format)
    return _download(content, f"{space.run}-embeddings", file_format)


@router.get(routes.SEARCH)
def search(services: ServicesDep, query: SearchQuery) -> SearchResult:
    """The galaxies most like the examples."""
    return services.search.find(parsed(query, SearchRequest))


@router.get(routes.SEARCH_FILE, response_class=Response)
def search_file(services: ServicesDep, file_format: TableFormat, query: SearchQuery) -> Response:
    """The same as a table, with links."""
    asked = parsed(query, SearchRequest)
    like = "image" if asked.row is None else str(asked.row)
    return _download(services.search.table(asked, file_format), f"{asked.space.run}-like-{like}", file_format)


@router.get(routes.SEARCH_COMPARED)
def compare_searches(services: ServicesDep, query: SearchQuery) -> SearchComparison:
    """The same search by two encoders, and how far they agree."""
    return services.agreements.compare(parsed(query, ComparedRequest))


@router.get(routes.SEARCH_OVERLAP)
def get_overlap(services: ServicesDep, query: OverlapQuery) -> Overlap:
    """How much of their neighbours two encoders share, over a dataset or over some of its galaxies."""
    return services.agreements.overlap(parsed(query, OverlapRequest))


@router.get(routes.LOCATED_GALAXY)
def locate_galaxy(
    services: ServicesDep,
    name: str,
    text: Annotated[
        str, Query(max_length=1_000, description="A row, an id, RA and Dec, or a Legacy Survey viewer link.")
    ],
) -> LocatedGalaxy:
    return locate(services.datasets, name, text)


def _download(content: bytes, name: str, file_format: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.{file_format}"'}
    return Response(content, media_type=MEDIA[file_format], headers=headers)
