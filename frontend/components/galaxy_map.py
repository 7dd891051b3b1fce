"""Every galaxy of a dataset in two dimensions of an encoder's features."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from frontend.components import load_component
from frontend.components.galaxy_grid import picture_source
from shared.contract.datasets import Dataset
from shared.contract.maps import ColourBy, MapRequest

KEY = "galaxy_map"
PARTS = ("field", "colours", "draw", "steps", "panes", "hand", "panel", "agreed")
_MAP = load_component(
    KEY, parts=("palette", "galaxy_dialog", "keeping", *(f"{KEY}_{part}" for part in PARTS))
)


@dataclass(frozen=True)
class Drawn:
    """One map: its title, what the browser writes behind the step, and its axes where they mean something."""

    request: MapRequest
    title: str
    note: str
    axes: Sequence[str] | None

    def told(self) -> dict[str, Any]:
        """As the browser hears it."""
        query = self.request.model_dump(mode="json", exclude_none=True)
        return {"query": query, "title": self.title, "note": self.note, "axes": self.axes}


def draw_galaxy_map(
    first: Drawn,
    beside: Drawn | None,
    dataset: Dataset,
    look: Mapping[str, Any],
    told: int | None,
    *,
    steps: Sequence[int],
    colours: Sequence[ColourBy],
    evaluations: Sequence[tuple[str, str]],
    on_look: Callable[[Mapping[str, Any], int], None],
) -> None:
    """Draws a map, or two of the same galaxies with one selection; points and colours go from the API to the
    browser.

    `look` is colour, evaluation, views and galaxy; `told` the number of the browser's word that it repeats,
    None where it is news to it. `steps` are those that the first can move over; `evaluations`: ids and
    titles. `on_look` gets the look that the browser rests on, and its number, before the next rerun."""

    def heard() -> None:
        said = st.session_state[KEY].get("look")
        if said:
            on_look({name: said.get(name) for name in look}, int(said["n"]))

    data = {
        **first.told(),
        "beside": beside.told() if beside else None,
        "of": picture_source(dataset),
        "labelled": bool(dataset.class_names),
        "look": look,
        "told": told,
        "steps": steps,
        "colours": [by.value for by in colours],
        "evaluations": [{"id": found, "title": words} for found, words in evaluations],
    }
    _MAP(data=data, key=KEY, on_look_change=heard)
