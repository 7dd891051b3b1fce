"""Reconstruct: what can the model recover of a masked galaxy?"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from frontend.features.reconstruct.mask_scrubber import draw_mask_scrubber
from frontend.features.reconstruct.url import ReconstructView
from frontend.ui.blocks import page_title
from frontend.ui.encoders import begun_encoders, first_choice, nothing_trained
from frontend.ui.own_dataset import draw_missing
from frontend.ui.session import client
from shared.contract import endpoints

QUESTION = "What can the model recover of a masked galaxy?"
ECHO = "reconstruct_echo"


def show() -> None:
    """The viewer, or the empty state."""
    page_title("Reconstruct", QUESTION)
    runs = list(begun_encoders(with_decoder=True).values())
    if not runs:
        nothing_trained("Launch a run; reconstructions appear with its first checkpoint.")
        return
    view = ReconstructView.from_query(st.query_params.to_dict())
    if view.run is None:
        view = view.model_copy(update={"run": first_choice(runs)})
    datasets = client().call(endpoints.LIST_DATASETS)
    shown = next((run for run in runs if run.id == view.run), None)
    if shown is not None and view.dataset is None and view.upload is None:
        draw_missing(shown, datasets, "You can upload an image with Image…")
    draw_mask_scrubber(view.model_dump(mode="json"), _browser_seq(), runs, datasets, on_change=_on_change)


def _on_change(values: Mapping[str, Any], seq: int) -> None:
    """Store a view the browser sent, with its sequence number."""
    query = ReconstructView.model_validate(values).to_query()
    st.query_params.from_dict(query)
    st.session_state[ECHO] = (seq, query)


def _browser_seq() -> int | None:
    """The sequence number under which the browser sent this address; None after a link or the Back button."""
    seq, query = st.session_state.get(ECHO, (None, None))
    return seq if st.query_params.to_dict() == query else None
