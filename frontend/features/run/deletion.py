"""Deleting a run on its page."""

import streamlit as st

from frontend.api.client import ApiError
from frontend.ui.blocks import bullets, guarded, plain, wrong
from frontend.ui.disk_words import LAST_DELETED, deletion_sentences
from frontend.ui.session import client, go
from shared.base.states import TERMINAL
from shared.contract import endpoints
from shared.contract.runs import Run

REFUSED, DONE = "delete_run_refused", "delete_run_done"


def leave_deleted() -> None:
    """After a deletion go to the list of runs, where it can be undone."""
    if st.session_state.pop(DONE, False):
        st.session_state.pop("selected_run", None)
        st.query_params.pop("run", None)
        go("runs")


def draw_deletion(run: Run) -> None:
    """An expander with the consequences and the button."""
    with st.expander("Delete", key="open_delete_run", on_change="rerun") as fold:
        if fold.open:
            guarded(lambda: _draw_preview(run))


def _draw_preview(run: Run) -> None:
    if run.state not in TERMINAL:
        st.caption("The run is active. Stop it before deleting it.")
        return
    preview = client().call(endpoints.PREVIEW_RUN_DELETION, run_id=run.id)
    bullets(deletion_sentences(preview))
    if preview.blocked_by:
        wrong(f"In use by {', '.join(preview.blocked_by[:3])}. Stop it or wait until it finishes.")
    label = f"Delete {plain(run.name or run.id)}"
    st.button(label, disabled=bool(preview.blocked_by), on_click=_delete, args=(run.id,), key="delete_run")
    refused = st.session_state.pop(REFUSED, None)
    if refused:
        wrong(refused)


def _delete(run_id: str) -> None:
    try:
        st.session_state[LAST_DELETED] = client().call(endpoints.DELETE_RUN, run_id=run_id)
    except ApiError as error:
        st.session_state[REFUSED] = error.detail
        return
    st.session_state[DONE] = True
    st.session_state["open_delete_run"] = False
