"""Routes of embeddings and of search by them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from backend.api.deps import ContextDep, parsed
from backend.services.datasets.locating import locate
from backend.services.datasets.tables import TableFormat
from backend.services.embeddings.export import EmbeddingFormat, embeddings_file
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
def get_embeddings(context: ContextDep, space: Annotated[EmbeddingSpace, Query()]) -> EmbeddingState:
    """Whether an encoder's embeddings of a dataset are there, and the job that makes them."""
    return context.embeddings.state(space)


@router.get(routes.SEARCH_QUALITY)
def get_quality(context: ContextDep, space: Annotated[EmbeddingSpace, Query()]) -> QualityState:
    """Whether similar means of the same class, where that was measured."""
    return context.embeddings.quality(space)


@router.get(routes.EMBEDDINGS_FILE, response_class=Response)
def get_embeddings_file(
    context: ContextDep, file_format: EmbeddingFormat, space: Annotated[EmbeddingSpace, Query()]
) -> Response:
    """Every vector, keyed by source id."""
    content = embeddings_file(context.datasets, context.embeddings, space, file_format)
    return _download(content, f"{space.run}-embeddings", file_format)


@router.get(routes.SEARCH)
def search(context: ContextDep, query: SearchQuery) -> SearchResult:
    """The galaxies most like the examples."""
    return context.search.find(parsed(query, SearchRequest))


@router.get(routes.SEARCH_FILE, response_class=Response)
def search_file(context: ContextDep, file_format: TableFormat, query: SearchQuery) -> Response:
    """The same as a table, with links."""
    asked = parsed(query, SearchRequest)
    like = "image" if asked.row is None else str(asked.row)
    return _download(context.search.table(asked, file_format), f"{asked.space.run}-like-{like}", file_format)


@router.get(routes.SEARCH_COMPARED)
def compare_searches(context: ContextDep, query: SearchQuery) -> SearchComparison:
    """The same search by two encoders, and how far they agree."""
    return context.agreements.compare(parsed(query, ComparedRequest))


@router.get(routes.SEARCH_OVERLAP)
def get_overlap(context: ContextDep, query: OverlapQuery) -> Overlap:
    """How much of their neighbours two encoders share, over a dataset or over some of its galaxies."""
    return context.agreements.overlap(parsed(query, OverlapRequest))


@router.get(routes.LOCATED_GALAXY)
def locate_galaxy(
    context: ContextDep,
    name: str,
    text: Annotated[
        str, Query(max_length=1_000, description="A row, an id, RA and Dec, or a Legacy Survey viewer link.")
    ],
) -> LocatedGalaxy:
    return locate(context.datasets, name, text)


def _download(content: bytes, name: str, file_format: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.{file_format}"'}
    return Response(content, media_type=MEDIA[file_format], headers=headers)
