"""Name, tags, note and archiving of a run."""

import streamlit as st

from frontend.api.client import ApiError
from frontend.ui.blocks import wrong
from frontend.ui.session import client
from frontend.ui.setting_fields import KEEP
from shared.base.states import TERMINAL
from shared.contract import endpoints
from shared.contract.runs import Run, RunChange


def draw_labels(run: Run) -> None:
    """A form in an expander."""
    with st.expander("Name, tags, note", key="open_labels", on_change="rerun") as fold:
        if fold.open:
            _draw_form(run)


def _draw_form(run: Run) -> None:
    state = st.session_state
    if state.get("labels_for") != run.id:
        state["labels_for"] = run.id
        state.pop("labels_refused", None)
        state["labels_name"], state["labels_tags"] = run.name or "", ", ".join(run.tags)
        state["labels_note"], state["labels_archived"] = run.note, run.archived
    refused: dict[str, str] = state.get("labels_refused", {})
    with st.form("labels", border=False):
        left, right = st.columns(2)
        left.text_input("Name", key="labels_name", placeholder=run.id, **KEEP)
        right.text_input("Tags", key="labels_tags", placeholder="Separated by commas", **KEEP)
        st.text_area("Note", key="labels_note", height=80, **KEEP)
        st.checkbox(
            "Archived: hidden from the list of runs by default",
            key="labels_archived",
            disabled=run.state not in TERMINAL,
            **KEEP,
        )
        for field, sentence in refused.items():
            wrong(f"{field.capitalize()}: {sentence}" if field else sentence)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.form_submit_button("Save", type="primary", on_click=_save, args=(run,))
            if state.pop("labels_saved", False):
                st.caption("Saved.")


def label_faults(name: str, tags: list[str], note: str) -> dict[str, str]:
    """Errors by field about values that are too long."""
    faults = {
        "name": "" if len(name) <= 80 else f"{len(name)} characters; the limit is 80.",
        "note": "" if len(note) <= 2000 else f"{len(note)} characters; the limit is 2,000.",
        "tags": "" if len(tags) <= 12 else f"{len(tags)} tags; the limit is 12.",
    }
    for tag in tags:
        if len(tag) > 30:
            faults["tags"] = f"{tag} has {len(tag)} characters; the limit is 30."
    return {field: sentence for field, sentence in faults.items() if sentence}


def _save(run: Run) -> None:
    """Save all fields; on an error the form is kept."""
    state = st.session_state
    tags = [tag.strip() for tag in str(state["labels_tags"]).split(",") if tag.strip()]
    archived = bool(state["labels_archived"]) if run.state in TERMINAL else None
    faults = label_faults(state["labels_name"], tags, state["labels_note"])
    if faults:
        state["labels_refused"] = faults
        return
    change = RunChange(name=state["labels_name"], tags=tags, note=state["labels_note"], archived=archived)
    try:
        client().call(endpoints.CHANGE_RUN, run_id=run.id, body=change)
    except ApiError as error:
        state["labels_refused"] = {(error.field or "").partition(".")[0]: error.detail}
        return
    state.pop("labels_refused", None)
    state["labels_saved"] = True
    state["labels_for"] = None
