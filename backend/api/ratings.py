"""Routes of ratings."""

from fastapi import APIRouter, Response

from backend.api.deps import ContextDep
from backend.api.tables import saved_as
from backend.services.tables import TableFormat
from shared import routes
from shared.ratings import Rating, RatingValue

router = APIRouter(tags=["ratings"])


@router.get(routes.RATINGS)
def list_ratings(context: ContextDep, name: str) -> list[Rating]:
    """Newest first."""
    return context.ratings.list_all(name)


@router.put(routes.RATING)
def put_rating(context: ContextDep, name: str, row: int, value: RatingValue) -> Rating:
    """Rate a galaxy, or rate it anew."""
    return context.ratings.put(name, row, value.rating)


@router.delete(routes.RATING, status_code=204)
def remove_rating(context: ContextDep, name: str, row: int) -> None:
    context.ratings.remove(name, row)


@router.get(routes.RATINGS_FILE, response_class=Response)
def ratings_file(context: ContextDep, name: str, file_format: TableFormat) -> Response:
    """Every rating of a dataset as a table, with RA, Dec and links."""
    return saved_as(f"{name}-ratings", file_format, context.ratings.table(name, file_format))
