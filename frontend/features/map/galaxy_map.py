"""A map of all galaxies of a dataset: a projection of the encoder's features."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

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
    view: Mapping[str, Any],
    browser_seq: int | None,
    *,
    steps: Sequence[int],
    colours: Sequence[ColourBy],
    evaluations: Sequence[tuple[str, str]],
    on_change: Callable[[Mapping[str, Any], int], None],
) -> None:
    """Draw a map, or two of the same galaxies with a common selection; the browser fetches the points.

    `view` holds colour, evaluation, zoom and galaxy; `steps` are the checkpoints of the slider; `evaluations`
    are ids and titles. For `browser_seq` and `on_change` see draw_mask_scrubber."""

    def changed() -> None:
        sent = st.session_state[KEY].get("view")
        if sent:
            on_change({name: sent.get(name) for name in view}, int(sent["seq"]))

    data = {
        **first.to_data(),
        "beside": beside.to_data() if beside else None,
        "of": picture_source(dataset),
        "labelled": bool(dataset.class_names),
        "view": view,
        "browser_seq": browser_seq,
        "steps": steps,
        "colours": [by.value for by in colours],
        "evaluations": [{"id": found, "title": words} for found, words in evaluations],
    }
    _MAP(data=data, key=KEY, on_view_change=changed)
