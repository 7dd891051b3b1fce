"""Reconstruct: what does it know of a galaxy it half sees?"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from frontend.app_pages.reconstruct_url import View
from frontend.blocks import empty_state, page_title
from frontend.components.mask_scrubber import draw_mask_scrubber
from frontend.session import client, go, selected_run
from shared.runs import CLASSIFIER_KINDS, Run, RunKind, RunState

QUESTION = "What does it know of a galaxy it half sees?"
MOST_RUNS = 200


def show() -> None:
    """The viewer of one run; what to do where nothing has been trained."""
    page_title("Reconstruct", QUESTION)
    runs = _started_runs()
    if not runs:
        empty_state(
            "Nothing has been trained yet.", "Launch a run; its first checkpoint can be looked at here."
        )
        with st.container(horizontal=True, horizontal_alignment="center"):
            if st.button("Launch a run", type="primary"):
                go("launch")
        return
    view = View.from_query(st.query_params.to_dict())
    if view.run is None:
        view = view.model_copy(update={"run": _first_choice(runs)})
    datasets = client().list_datasets()
    draw_mask_scrubber(view.model_dump(mode="json"), _told(), runs, datasets, on_view=_take_view)


def _started_runs() -> list[Run]:
    """Pretraining runs and models that were imported, newest first."""
    runs = client().list_runs(limit=MOST_RUNS)
    return [run for run in runs if _has_begun(run)]


def _has_begun(run: Run) -> bool:
    """Whether there is something to look into; a classifier has no decoder."""
    if run.kind in CLASSIFIER_KINDS:
        return False
    imported = run.kind is RunKind.ADOPT
    return run.state is RunState.SUCCEEDED if imported else run.state is not RunState.QUEUED


def _first_choice(runs: list[Run]) -> str:
    """The selected run, else the newest that has something to show."""
    chosen = selected_run()
    if chosen in {run.id for run in runs}:
        return str(chosen)
    return next((run for run in runs if run.metrics), runs[0]).id


def _take_view(said: Mapping[str, Any], n: int) -> None:
    """The address says what the browser shows; it is the browser's own word, not news to it."""
    query = View.model_validate(said).to_query()
    st.query_params.from_dict(query)
    st.session_state["reconstruct_told"] = (n, query)


def _told() -> int | None:
    """The number of the browser's word that the address repeats; None after a link or the back button."""
    n, query = st.session_state.get("reconstruct_told", (None, None))
    return n if st.query_params.to_dict() == query else None
