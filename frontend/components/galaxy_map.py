"""Every galaxy of a dataset in two dimensions of an encoder's features."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from frontend.components import load_component
from frontend.components.galaxy_grid import picture_source
from shared.datasets import Dataset
from shared.maps import ColourBy, MapRequest

KEY = "galaxy_map"
PARTS = ("field", "colours", "draw", "steps", "hand", "panel")
_MAP = load_component(
    KEY, parts=("palette", "galaxy_dialog", "keeping", *(f"{KEY}_{part}" for part in PARTS))
)


def draw_galaxy_map(
    request: MapRequest,
    dataset: Dataset,
    look: Mapping[str, Any],
    told: int | None,
    *,
    title: str,
    axes: Sequence[str] | None,
    steps: Sequence[int],
    colours: Sequence[ColourBy],
    evaluations: Sequence[tuple[str, str]],
    on_look: Callable[[Mapping[str, Any], int], None],
) -> None:
    """Draws the map that `request` names; points and colours go from the API to the browser.

    `look` is colour, evaluation, view and galaxy; `told` the number of the browser's word that it repeats,
    None where it is news to it. `axes` name x and y where they mean something; `evaluations`: ids and
    titles. `on_look` gets the look that the browser rests on, and its number, before the next rerun."""

    def heard() -> None:
        said = st.session_state[KEY].get("look")
        if said:
            on_look({name: said.get(name) for name in look}, int(said["n"]))

    data = {
        "query": request.model_dump(mode="json", exclude_none=True),
        "of": picture_source(dataset),
        "labelled": bool(dataset.class_names),
        "look": look,
        "told": told,
        "title": title,
        "axes": axes,
        "steps": steps,
        "colours": [by.value for by in colours],
        "evaluations": [{"id": found, "title": words} for found, words in evaluations],
    }
    _MAP(data=data, key=KEY, on_look_change=heard)
