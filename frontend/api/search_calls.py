"""Client methods for embeddings and searches."""

from frontend.api.connection import Connection
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


class SearchClient(Connection):
    """One method per route."""

    def get_embeddings(self, space: EmbeddingSpace) -> EmbeddingState:
        """Whether the embeddings of a space exist, and the job that computes them."""
        return self._get(EmbeddingState, routes.EMBEDDINGS, space.model_dump(exclude_none=True))

    def get_quality(self, space: EmbeddingSpace) -> QualityState:
        """How often neighbours share a class, if measured."""
        return self._get(QualityState, routes.SEARCH_QUALITY, space.model_dump(exclude_none=True))

    def get_embeddings_file(self, space: EmbeddingSpace, file_format: str) -> bytes:
        """All vectors, keyed by source id, as npy or parquet."""
        path = routes.EMBEDDINGS_FILE.format(file_format=file_format)
        return self._answer("GET", path, query=space.model_dump(exclude_none=True)).content

    def search(self, request: SearchRequest) -> SearchResult:
        """The galaxies most like the examples."""
        query = {"query": request.model_dump_json(exclude_none=True)}
        return self._get(SearchResult, routes.SEARCH, query)

    def compare_searches(self, request: ComparedRequest) -> SearchComparison:
        """The same search by two encoders, and their overlap."""
        query = {"query": request.model_dump_json(exclude_none=True)}
        return self._get(SearchComparison, routes.SEARCH_COMPARED, query)

    def get_overlap(self, request: OverlapRequest) -> Overlap:
        """The share of neighbours two encoders have in common."""
        query = {"query": request.model_dump_json(exclude_none=True)}
        return self._get(Overlap, routes.SEARCH_OVERLAP, query)

    def get_search_file(self, request: SearchRequest, file_format: str) -> bytes:
        """The same as csv or parquet."""
        query = {"query": request.model_dump_json(exclude_none=True)}
        return self._answer("GET", routes.SEARCH_FILE.format(file_format=file_format), query=query).content

    def locate_galaxy(self, name: str, text: str) -> LocatedGalaxy:
        """Find a galaxy by row, id, RA and Dec, or Legacy Survey viewer link."""
        return self._get(LocatedGalaxy, routes.LOCATED_GALAXY.format(name=name), {"text": text})
