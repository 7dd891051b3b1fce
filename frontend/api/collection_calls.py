"""Client methods for collections."""

from collections.abc import Sequence
from urllib.parse import quote

from frontend.api.connection import Connection
from shared.contract import routes
from shared.contract.annotations import Collection, CollectionAddition, CollectionChange, CollectionUpdate


class CollectionCalls(Connection):
    """One method per collection route; `name` is that of the dataset."""

    def list_collections(self, name: str) -> list[Collection]:
        """Most recently changed first."""
        return self._get(list[Collection], routes.COLLECTIONS.format(name=name))

    def add_to_collection(self, name: str, collection: str, rows: Sequence[int]) -> CollectionUpdate:
        """Add galaxies; the collection is created if it does not exist."""
        body = CollectionAddition(rows=tuple(rows)).model_dump(mode="json")
        return self._send(CollectionUpdate, "POST", _path(name, collection), body)

    def change_collection(self, name: str, collection: str, change: CollectionChange) -> Collection:
        """Rename a collection, edit its note or remove galaxies."""
        body = change.model_dump(mode="json", exclude_none=True)
        return self._send(Collection, "PATCH", _path(name, collection), body)

    def remove_collection(self, name: str, collection: str) -> None:
        self._answer("DELETE", _path(name, collection))

    def get_collection_file(self, name: str, collection: str, file_format: str) -> bytes:
        """The galaxies as csv or parquet."""
        quoted = quote(collection, safe="")
        path = routes.COLLECTION_FILE.format(name=name, collection=quoted, file_format=file_format)
        return self._answer("GET", path).content


def _path(name: str, collection: str) -> str:
    return routes.COLLECTION.format(name=name, collection=quote(collection, safe=""))
