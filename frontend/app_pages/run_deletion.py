"""Deleting a run, on its page: what would go, and the button."""

import streamlit as st

from frontend.app_pages.runs_disk import NEWS
from frontend.blocks import bullets, guarded, plain, wrong
from frontend.client import ApiError
from frontend.disk_words import deletion_sentences
from frontend.session import client, go
from shared.base.states import TERMINAL
from shared.contract.runs import Run

REFUSED, DONE = "delete_run_refused", "delete_run_done"


def leave_deleted() -> None:
    """Goes from a run that was just deleted to the list, which has the way back."""
    if st.session_state.pop(DONE, False):
        st.session_state.pop("selected_run", None)
        st.query_params.pop("run", None)
        go("runs")


def draw_deletion(run: Run) -> None:
    """A fold with what would go."""
    with st.expander("Delete", key="open_delete_run", on_change="rerun") as fold:
        if fold.open:
            guarded(lambda: _draw_preview(run))


def _draw_preview(run: Run) -> None:
    if run.state not in TERMINAL:
        st.caption("It has not ended: stop it, then delete it.")
        return
    preview = client().preview_run_deletion(run.id)
    bullets(deletion_sentences(preview))
    if preview.blocked_by:
        wrong(f"{', '.join(preview.blocked_by[:3])} needs it just now; stop it or wait for its end.")
    label = f"Delete {plain(run.name or run.id)}"
    st.button(label, disabled=bool(preview.blocked_by), on_click=_delete, args=(run.id,), key="delete_run")
    refused = st.session_state.pop(REFUSED, None)
    if refused:
        wrong(refused)


def _delete(run_id: str) -> None:
    try:
        st.session_state[NEWS] = client().delete_run(run_id)
    except ApiError as error:
        st.session_state[REFUSED] = error.detail
        return
    st.session_state[DONE] = True
    st.session_state["open_delete_run"] = False
