"""Reconstruct: what does it know of a galaxy it half sees?"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from frontend.app_pages.reconstruct_url import View
from frontend.blocks import page_title
from frontend.components.mask_scrubber import draw_mask_scrubber
from frontend.encoders import begun_encoders, first_choice, nothing_trained
from frontend.own_dataset import draw_missing
from frontend.session import client

QUESTION = "What does it know of a galaxy it half sees?"


def show() -> None:
    """The viewer of one run; what to do where nothing has been trained."""
    page_title("Reconstruct", QUESTION)
    runs = list(begun_encoders(with_decoder=True).values())
    if not runs:
        nothing_trained("Launch a run; its first checkpoint can be looked at here.")
        return
    view = View.from_query(st.query_params.to_dict())
    if view.run is None:
        view = view.model_copy(update={"run": first_choice(runs)})
    datasets = client().list_datasets()
    shown = next((run for run in runs if run.id == view.run), None)
    if shown is not None and view.dataset is None and view.upload is None:
        draw_missing(shown, datasets, "An image of your own can be shown: Image…")
    draw_mask_scrubber(view.model_dump(mode="json"), _told(), runs, datasets, on_view=_take_view)


def _take_view(said: Mapping[str, Any], n: int) -> None:
    """The address says what the browser shows; it is the browser's own word, not news to it."""
    query = View.model_validate(said).to_query()
    st.query_params.from_dict(query)
    st.session_state["reconstruct_told"] = (n, query)


def _told() -> int | None:
    """The number of the browser's word that the address repeats; None after a link or the back button."""
    n, query = st.session_state.get("reconstruct_told", (None, None))
    return n if st.query_params.to_dict() == query else None
