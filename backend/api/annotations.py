"""Routes of label flags, ratings and collections."""

from fastapi import APIRouter, Response

from backend.api.deps import ServicesDep, route, saved_as
from backend.services.datasets.tables import TableFormat
from shared.contract import endpoints
from shared.contract.annotations import (
    Collection,
    CollectionAddition,
    CollectionChange,
    CollectionName,
    CollectionUpdate,
    FlagNote,
    LabelFlag,
    Rating,
    RatingValue,
)

router = APIRouter(tags=["annotations"])


@route(router, endpoints.LIST_COLLECTIONS)
def list_collections(services: ServicesDep, name: str) -> list[Collection]:
    """Most recently changed first."""
    return services.annotations.collections.list_all(name)


@route(router, endpoints.ADD_TO_COLLECTION)
def add_to_collection(
    services: ServicesDep, name: str, collection: CollectionName, addition: CollectionAddition
) -> CollectionUpdate:
    """Add galaxies; creates the collection if needed."""
    return services.annotations.collections.add(name, collection, addition.rows)


@route(router, endpoints.CHANGE_COLLECTION)
def change_collection(
    services: ServicesDep, name: str, collection: str, change: CollectionChange
) -> Collection:
    """Rename it, set its note, remove galaxies."""
    return services.annotations.collections.change(name, collection, change)


@route(router, endpoints.REMOVE_COLLECTION)
def remove_collection(services: ServicesDep, name: str, collection: str) -> None:
    services.annotations.collections.remove(name, collection)


@route(router, endpoints.COLLECTION_FILE)
def collection_file(services: ServicesDep, name: str, collection: str, file_format: TableFormat) -> Response:
    """Its galaxies as a table."""
    return saved_as(
        f"{collection}.{file_format}", services.annotations.collections.table(name, collection, file_format)
    )


@route(router, endpoints.LIST_LABEL_FLAGS)
def list_flags(services: ServicesDep, name: str) -> list[LabelFlag]:
    """Newest first."""
    return services.annotations.flags.list_all(name)


@route(router, endpoints.PUT_LABEL_FLAG)
def put_flag(services: ServicesDep, name: str, row: int, note: FlagNote | None = None) -> LabelFlag:
    """Flag a label; without a body, an existing note is kept."""
    return services.annotations.flags.put(name, row, note)


@route(router, endpoints.REMOVE_LABEL_FLAG)
def remove_flag(services: ServicesDep, name: str, row: int) -> None:
    services.annotations.flags.remove(name, row)


@route(router, endpoints.LABEL_FLAGS_FILE)
def flags_file(services: ServicesDep, name: str, file_format: TableFormat) -> Response:
    """Every flag of a dataset as a table."""
    return saved_as(f"{name}-flags.{file_format}", services.annotations.flags.table(name, file_format))


@route(router, endpoints.LIST_RATINGS)
def list_ratings(services: ServicesDep, name: str) -> list[Rating]:
    """Newest first."""
    return services.annotations.ratings.list_all(name)


@route(router, endpoints.PUT_RATING)
def put_rating(services: ServicesDep, name: str, row: int, value: RatingValue) -> Rating:
    """Rate a galaxy; replaces an earlier rating."""
    return services.annotations.ratings.put(name, row, value.rating)


@route(router, endpoints.REMOVE_RATING)
def remove_rating(services: ServicesDep, name: str, row: int) -> None:
    services.annotations.ratings.remove(name, row)


@route(router, endpoints.RATINGS_FILE)
def ratings_file(services: ServicesDep, name: str, file_format: TableFormat) -> Response:
    """Every rating of a dataset as a table, with RA, Dec and links."""
    return saved_as(f"{name}-ratings.{file_format}", services.annotations.ratings.table(name, file_format))
