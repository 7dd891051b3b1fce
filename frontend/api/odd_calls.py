"""Client methods for odd galaxies and ratings."""

from frontend.api.connection import Connection
from shared.contract import routes
from shared.contract.annotations import Rating
from shared.contract.odd import OddPage, OddRequest


class OddCalls(Connection):
    """One method per route."""

    def list_odd(self, request: OddRequest) -> OddPage:
        """The oddest galaxies, with their neighbours and annotations."""
        return self._get(OddPage, routes.ODD, {"query": request.model_dump_json(exclude_none=True)})

    def get_odd_file(self, request: OddRequest, file_format: str) -> bytes:
        """The same as csv or parquet."""
        query = {"query": request.model_dump_json(exclude_none=True)}
        return self._answer("GET", routes.ODD_FILE.format(file_format=file_format), query=query).content

    def list_ratings(self, name: str) -> list[Rating]:
        """Newest first."""
        return self._get(list[Rating], routes.RATINGS.format(name=name))

    def put_rating(self, name: str, row: int, rating: int) -> Rating:
        """Set the rating of a galaxy, 0 to 5."""
        return self._send(Rating, "PUT", routes.RATING.format(name=name, row=row), {"rating": rating})

    def remove_rating(self, name: str, row: int) -> None:
        self._answer("DELETE", routes.RATING.format(name=name, row=row))

    def get_ratings_file(self, name: str, file_format: str) -> bytes:
        """All ratings of a dataset as csv or parquet."""
        path = routes.RATINGS_FILE.format(name=name, file_format=file_format)
        return self._answer("GET", path).content
