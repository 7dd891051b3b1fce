"""A map of all galaxies of a dataset: a projection of the encoder's features."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from frontend.features.map.url import ADDRESS, MapView
from frontend.ui.components import load_component
from frontend.ui.galaxies.galaxy_grid import picture_source
from shared.contract.datasets import Dataset
from shared.contract.maps import ColourBy, MapRequest

KEY = "galaxy_map"
_MAP = load_component(__file__)


@dataclass(frozen=True)
class MapSource:
    """One map: its request, title, the note after the step, and the names of meaningful axes."""

    request: MapRequest
    title: str
    note: str
    axes: Sequence[str] | None

    def to_data(self) -> dict[str, Any]:
        """The map as component data."""
        query = self.request.model_dump(mode="json", exclude_none=True)
        return {"query": query, "title": self.title, "note": self.note, "axes": self.axes}


def draw_galaxy_map(
    first: MapSource,
    beside: MapSource | None,
    dataset: Dataset,
    view: MapView,
    *,
    steps: Sequence[int],
    colours: Sequence[ColourBy],
    evaluations: Sequence[tuple[str, str]],
) -> None:
    """Draw a map, or two of the same galaxies with a common selection; the browser fetches the points.

    `steps` are the checkpoints of the slider; `evaluations` are ids and titles."""
    data = {
        **first.to_data(),
        "beside": beside.to_data() if beside else None,
        "of": picture_source(dataset),
        "labelled": bool(dataset.class_names),
        "steps": steps,
        "colours": [by.value for by in colours],
        "evaluations": [{"id": found, "title": words} for found, words in evaluations],
    }
    ADDRESS.mount(_MAP, KEY, view, data)
