"""One galaxy, half seen: the pictures that follow the hand on the masking ratio."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from frontend.components import load_component
from frontend.components.galaxy_grid import picture_source
from frontend.own_dataset import run_option
from shared.contract.datasets import Dataset
from shared.contract.runs import Run

PARTS = ("maths", "draw", "net", "paint", "pick", "models", "words", "chart", "save", "inside_maps", "inside")
KEY = "mask_scrubber"
_SCRUBBER = load_component(KEY, parts=("palette", "picking", *(f"{KEY}_{part}" for part in PARTS)))


def draw_mask_scrubber(
    view: Mapping[str, Any],
    told: int | None,
    runs: Sequence[Run],
    datasets: Sequence[Dataset],
    *,
    on_view: Callable[[Mapping[str, Any], int], None],
) -> None:
    """Draws the viewer; pictures go from the API to the browser. `told` is the number of the browser's word
    that `view` repeats, None where it is news to it. `on_view` gets the next view that the browser comes to
    rest on, and its number, before the next rerun."""

    def heard() -> None:
        said = st.session_state[KEY].get("view")
        if said:
            on_view(dict(said["view"]), int(said["n"]))

    data = {
        "view": view,
        "told": told,
        "runs": [run_option(run, datasets) for run in runs],
        "datasets": [
            {
                **picture_source(dataset),
                "name": dataset.name,
                "n": dataset.n,
                "class_names": dataset.class_names,
            }
            for dataset in datasets
        ],
    }
    _SCRUBBER(data=data, key=KEY, on_view_change=heard)
