"""One odd galaxy at a time: rated and flagged by keys, walked through, taken back, learned from."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from frontend.components import load_component
from frontend.components.galaxy_search import SPACE, search_data
from shared.contract.datasets import Dataset
from shared.contract.runs import Run
from shared.contract.search import EmbeddingState

KEY = "odd_review"
PARTS = ("net", "outbox", "acts", "bar", "galaxy", "queue")
_REVIEW = load_component(
    KEY, parts=("galaxy_dialog", "label_flags", *SPACE, *(f"{KEY}_{part}" for part in PARTS))
)


def draw_odd_review(
    view: Mapping[str, Any],
    told: int | None,
    runs: Sequence[Run],
    datasets: Sequence[Dataset],
    state: EmbeddingState | None,
    *,
    on_view: Callable[[Mapping[str, Any], int], None],
) -> None:
    """Draws the review; galaxies and ratings go between API and browser. `told`, `on_view`: as
    draw_mask_scrubber."""

    def heard() -> None:
        said = st.session_state[KEY].get("view")
        if said:
            on_view(dict(said["view"]), int(said["n"]))

    _REVIEW(data=search_data(view, told, runs, datasets, state), key=KEY, on_view_change=heard)
