"""Routes of collections."""

from fastapi import APIRouter, Response

from backend.api.deps import ContextDep
from backend.api.tables import saved_as
from backend.services.tables import TableFormat
from shared import routes
from shared.collections import (
    Collection,
    CollectionChange,
    CollectionGrowth,
    CollectionName,
    GrownCollection,
)

router = APIRouter(tags=["collections"])


@router.get(routes.COLLECTIONS)
def list_collections(context: ContextDep, name: str) -> list[Collection]:
    """The one changed last first."""
    return context.collections.list_all(name)


@router.post(routes.COLLECTION)
def add_to_collection(
    context: ContextDep, name: str, collection: CollectionName, growth: CollectionGrowth
) -> GrownCollection:
    """Add galaxies; the collection is made where there is none."""
    return context.collections.add(name, collection, growth.rows)


@router.patch(routes.COLLECTION)
def change_collection(
    context: ContextDep, name: str, collection: str, change: CollectionChange
) -> Collection:
    """Rename it, write a note, take galaxies out."""
    return context.collections.change(name, collection, change)


@router.delete(routes.COLLECTION, status_code=204)
def remove_collection(context: ContextDep, name: str, collection: str) -> None:
    context.collections.remove(name, collection)


@router.get(routes.COLLECTION_FILE, response_class=Response)
def collection_file(context: ContextDep, name: str, collection: str, file_format: TableFormat) -> Response:
    """Its galaxies as a table."""
    return saved_as(collection, file_format, context.collections.table(name, collection, file_format))
