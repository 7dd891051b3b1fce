"""Reviewing odd galaxies one at a time: rating, flagging, undo, and learning from ratings."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from frontend.features.search.galaxy_search import search_data
from frontend.ui.components import load_component
from shared.contract.datasets import Dataset
from shared.contract.runs import Run
from shared.contract.search import EmbeddingState

KEY = "odd_review"
_REVIEW = load_component(__file__)


def draw_odd_review(
    view: Mapping[str, Any],
    browser_seq: int | None,
    runs: Sequence[Run],
    datasets: Sequence[Dataset],
    state: EmbeddingState | None,
    *,
    on_change: Callable[[Mapping[str, Any], int], None],
) -> None:
    """Draw the review; the browser exchanges galaxies and ratings with the API. For `browser_seq` and
    `on_change` see draw_mask_scrubber."""

    def changed() -> None:
        sent = st.session_state[KEY].get("view")
        if sent:
            on_change(dict(sent["view"]), int(sent["seq"]))

    _REVIEW(data=search_data(view, browser_seq, runs, datasets, state), key=KEY, on_view_change=changed)
