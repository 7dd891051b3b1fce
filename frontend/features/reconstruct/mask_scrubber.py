"""Reconstructions of one galaxy that follow the mask-ratio slider."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from frontend.ui.components import load_component
from frontend.ui.galaxies.galaxy_grid import picture_source
from frontend.ui.own_dataset import run_option
from shared.contract.datasets import Dataset
from shared.contract.runs import Run

KEY = "mask_scrubber"
_SCRUBBER = load_component(__file__)


def draw_mask_scrubber(
    view: Mapping[str, Any],
    browser_seq: int | None,
    runs: Sequence[Run],
    datasets: Sequence[Dataset],
    *,
    on_change: Callable[[Mapping[str, Any], int], None],
) -> None:
    """Draw the viewer; the browser fetches the images.

    The browser numbers the views it sends. `on_change` gets a view and its number before the next rerun.
    `browser_seq` is the number of `view` if the browser sent it, so that it does not apply its own view
    again; None if the view came from elsewhere."""

    def changed() -> None:
        sent = st.session_state[KEY].get("view")
        if sent:
            on_change(dict(sent["view"]), int(sent["seq"]))

    data = {
        "view": view,
        "browser_seq": browser_seq,
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
    _SCRUBBER(data=data, key=KEY, on_view_change=changed)
