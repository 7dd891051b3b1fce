"""The part of the client that asks for maps."""

from frontend.connection import Connection
from shared.contract import routes
from shared.contract.maps import ColourBy, Colours, MapRequest, MapState


class MapClient(Connection):
    """Every method raises ApiError or BackendLostError."""

    def get_map(self, request: MapRequest) -> MapState:
        """Whether there is such a map, and the job that makes it."""
        return self._get(MapState, routes.MAPS, request.model_dump(exclude_none=True))

    def get_map_points(self, request: MapRequest) -> bytes:
        """Points as shared.contract.maps says."""
        return self._answer("GET", routes.MAP_POINTS, query=request.model_dump(exclude_none=True)).content

    def get_colours(self, dataset: str, by: ColourBy, *, evaluation: str | None = None) -> Colours:
        query = {"by": by, "evaluation": evaluation}
        return self._get(Colours, routes.MAP_COLOURS.format(name=dataset), query)
