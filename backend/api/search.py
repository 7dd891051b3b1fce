"""Routes of embeddings and of search by them."""

from typing import Annotated

from fastapi import APIRouter, Query

from backend.api.deps import ContextDep
from shared import routes
from shared.search import EmbeddingSpace, EmbeddingState

router = APIRouter(tags=["search"])


@router.get(routes.EMBEDDINGS)
def get_embeddings(context: ContextDep, space: Annotated[EmbeddingSpace, Query()]) -> EmbeddingState:
    """Whether an encoder's embeddings of a dataset are there, and the job that makes them."""
    return context.embeddings.state(space)
