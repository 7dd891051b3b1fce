"""Client methods for maps."""

from frontend.api.connection import Connection
from shared.contract import routes
from shared.contract.maps import ColourBy, Colours, MapRequest, MapState


class MapClient(Connection):
    """One method per route."""

    def get_map(self, request: MapRequest) -> MapState:
        """Whether a map exists, and the job that computes it."""
        return self._get(MapState, routes.MAPS, request.model_dump(exclude_none=True))

    def get_map_points(self, request: MapRequest) -> bytes:
        """The points, in the format described in shared.contract.maps."""
        return self._answer("GET", routes.MAP_POINTS, query=request.model_dump(exclude_none=True)).content

    def get_colours(self, dataset: str, by: ColourBy, *, evaluation: str | None = None) -> Colours:
        query = {"by": by, "evaluation": evaluation}
        return self._get(Colours, routes.MAP_COLOURS.format(name=dataset), query)
