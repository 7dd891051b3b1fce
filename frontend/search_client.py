"""The part of the client that asks for embeddings and searches by them."""

from frontend.connection import Connection
from shared import routes
from shared.search import EmbeddingSpace, EmbeddingState


class SearchClient(Connection):
    """Every method raises ApiError or BackendLostError."""

    def get_embeddings(self, space: EmbeddingSpace) -> EmbeddingState:
        """Whether the galaxies of a space are embedded, and the job that does it."""
        return self._get(EmbeddingState, routes.EMBEDDINGS, space.model_dump(exclude_none=True))
