"""Sweep: which setting is best?"""

import streamlit as st

from frontend.api.client import ApiError
from frontend.features.sweep import state as sweep_state
from frontend.features.sweep.form import draw_form
from frontend.features.sweep.results import draw_results
from frontend.features.sweep.rows import progress_words
from frontend.ui.blocks import empty_state, page_title, section
from frontend.ui.session import client, go
from frontend.ui.wording import capitalised, clock
from shared.contract import endpoints
from shared.contract.sweeps import SweepSummary
from shared.planning.sweep_words import axis_words

QUESTION = "Which setting is best?"
MOST_LISTED = 30


def show() -> None:
    """The sweep in the address, else the form for a new one and a list of existing ones."""
    page_title("Sweep", QUESTION)
    sweep_state.restore_sweep()
    sweep_id = st.query_params.get("sweep")
    if sweep_id:
        _draw_one(sweep_id)
        return
    if not client().call(endpoints.LIST_DATASETS):
        _no_dataset()
        return
    draw_form()
    _draw_list(client().call(endpoints.LIST_SWEEPS))


def _draw_one(sweep_id: str) -> None:
    sweep_state.leave()
    try:
        report = client().call(endpoints.GET_SWEEP, sweep_id=sweep_id)
    except ApiError as error:
        if error.status != 404:
            raise
        advice = "Plan a new one, or choose an existing one below the form."
        empty_state(f"{capitalised(error.detail)}.", advice)
        with st.container(horizontal=True, horizontal_alignment="center"):
            if st.button("Plan a sweep", type="primary"):
                sweep_state.leave_results()
        return
    draw_results(report)


def _no_dataset() -> None:
    empty_state("There are no datasets yet.", "Import your own images or simulate galaxies.")
    with st.container(horizontal=True, horizontal_alignment="center"):
        if st.button("Add a dataset", type="primary"):
            go("data")


def _draw_list(sweeps: list[SweepSummary]) -> None:
    if not sweeps:
        return
    section("Existing sweeps", "newest first")
    for one in sweeps[:MOST_LISTED]:
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(one.name or one.id, key=f"open_{one.id}"):
                go("sweep", sweep=one.id)
            st.caption(summary_words(one))


def summary_words(one: SweepSummary) -> str:
    """What a sweep varies, and its progress."""
    over = ", ".join(f"{axis.field} {axis_words(axis)}" for axis in one.axes)
    parts = [f"{one.kind} on {one.dataset}", f"over {over}", progress_words(one), clock(one.created_at)]
    return " · ".join(parts)
