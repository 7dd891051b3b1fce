"""The part of the client that asks for embeddings and searches by them."""

from frontend.connection import Connection
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
    """Every method raises ApiError or BackendLostError."""

    def get_embeddings(self, space: EmbeddingSpace) -> EmbeddingState:
        """Whether the galaxies of a space are embedded, and the job that does it."""
        return self._get(EmbeddingState, routes.EMBEDDINGS, space.model_dump(exclude_none=True))

    def get_quality(self, space: EmbeddingSpace) -> QualityState:
        """Whether similar means of the same class, where that was measured."""
        return self._get(QualityState, routes.SEARCH_QUALITY, space.model_dump(exclude_none=True))

    def get_embeddings_file(self, space: EmbeddingSpace, file_format: str) -> bytes:
        """Every vector, keyed by source id, as npy or parquet."""
        path = routes.EMBEDDINGS_FILE.format(file_format=file_format)
        return self._answer("GET", path, query=space.model_dump(exclude_none=True)).content

    def search(self, request: SearchRequest) -> SearchResult:
        """The galaxies most like the examples."""
        query = {"query": request.model_dump_json(exclude_none=True)}
        return self._get(SearchResult, routes.SEARCH, query)

    def compare_searches(self, request: ComparedRequest) -> SearchComparison:
        """The same search by two encoders, and how far they agree."""
        query = {"query": request.model_dump_json(exclude_none=True)}
        return self._get(SearchComparison, routes.SEARCH_COMPARED, query)

    def get_overlap(self, request: OverlapRequest) -> Overlap:
        """How much of their neighbours two encoders share."""
        query = {"query": request.model_dump_json(exclude_none=True)}
        return self._get(Overlap, routes.SEARCH_OVERLAP, query)

    def get_search_file(self, request: SearchRequest, file_format: str) -> bytes:
        """The same as a csv or parquet."""
        query = {"query": request.model_dump_json(exclude_none=True)}
        return self._answer("GET", routes.SEARCH_FILE.format(file_format=file_format), query=query).content

    def locate_galaxy(self, name: str, text: str) -> LocatedGalaxy:
        """The galaxy that a row, an id, RA and Dec, or a Legacy Survey viewer link means."""
        return self._get(LocatedGalaxy, routes.LOCATED_GALAXY.format(name=name), {"text": text})
