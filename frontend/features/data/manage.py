"""Managing a dataset: split, name, description, deletion."""

from typing import Any

import streamlit as st

from frontend.api.client import ApiError
from frontend.features.data.jobs import open_dataset, queue_job, suggest_free
from frontend.features.data.words import deletion_words, name_fault
from frontend.ui.blocks import bullets, guarded, plain, wrong
from frontend.ui.session import client
from frontend.ui.setting_fields import KEEP
from frontend.ui.upload.upload import SPLIT_TABLE, draw_upload
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.datasets import Dataset, DatasetChange, Upload


def draw_management(dataset: Dataset, names: list[str]) -> None:
    """The expanders at the bottom of the page."""
    with st.expander("Split: download or replace", key="open_split", on_change="rerun") as fold:
        if fold.open:
            guarded(lambda: _draw_split(dataset, names))
    with st.expander("Rename or describe", key="open_rename", on_change="rerun") as fold:
        if fold.open:
            _draw_change(dataset)
    with st.expander("Delete", key="open_delete", on_change="rerun") as fold:
        if fold.open:
            guarded(lambda: _draw_deletion(dataset))


def _draw_split(dataset: Dataset, names: list[str]) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**The split as CSV**")
        st.caption("Columns row, source_id and split, for every galaxy.")
        st.link_button("Download the split", endpoints.SPLIT_FILE.url(name=dataset.name))
    with right:
        st.markdown("**A new dataset with another split**")
        st.caption("Galaxies missing from the table are left out. This dataset does not change.")
        if st.session_state.get("split_name_for") != dataset.name:
            st.session_state["split_name_for"] = dataset.name
            st.session_state["split_name"] = suggest_free(f"{dataset.name[:55]}-split", names)
        draw_upload(SPLIT_TABLE, "split_upload", on_done=_take_table)
        _draw_resplit(dataset, names)


def _take_table(upload: Upload) -> None:
    st.session_state["split_table"] = upload


def _draw_resplit(dataset: Dataset, names: list[str]) -> None:
    table: Upload | None = st.session_state.get("split_table")
    name = st.text_input("Name of the new dataset", key="split_name", live=True, **KEEP)
    values: dict[str, Any] = {"dataset": dataset.name, "name": name, "split_table": table and table.path}
    refused: dict[str, str] = st.session_state.get("split_refused", {})
    unnamed = name_fault(name or "", names)
    for sentence in [unnamed] if unnamed else refused.values():
        wrong(sentence)
    if table is not None:
        st.caption(plain(f"Split table: {', '.join(table.files)}."))
    if st.button("Create dataset with this split", disabled=table is None or bool(unnamed)):
        st.session_state["split_refused"] = refused = queue_job(RunKind.SUBSET, values)
        if not refused:
            st.session_state.pop("split_table", None)
            st.session_state.pop("split_name_for", None)
        st.rerun()


def _draw_change(dataset: Dataset) -> None:
    state = st.session_state
    if state.get("change_for") != dataset.name:
        state["change_for"] = dataset.name
        state.pop("change_refused", None)
        state["change_name"], state["change_description"] = dataset.name, dataset.description
    refused: dict[str, str] = state.get("change_refused", {})
    with st.form("change", border=False):
        st.text_input("Name", key="change_name", max_chars=63, **KEEP)
        if "name" in refused:
            wrong(refused["name"])
        st.text_area("Description", key="change_description", max_chars=2000, height=100, **KEEP)
        if "" in refused:
            wrong(refused[""])
        st.form_submit_button("Save", type="primary", on_click=_save, args=(dataset.name,))


def _save(old: str) -> None:
    state = st.session_state
    name = str(state["change_name"]).strip()
    unnamed = name_fault(name, [])
    if unnamed:
        state["change_refused"] = {"name": unnamed}
        return
    change = DatasetChange(name=name if name != old else None, description=state["change_description"])
    try:
        changed = client().call(endpoints.CHANGE_DATASET, name=old, body=change)
    except ApiError as error:
        state["change_refused"] = {error.field if error.field == "name" else "": error.detail}
        return
    state.pop("change_refused", None)
    state["change_for"] = changed.name
    renamed = changed.name != old
    state["data_outcome"] = f"{plain(old)} renamed to {plain(changed.name)}." if renamed else "Saved."
    open_dataset(changed.name)


def _draw_deletion(dataset: Dataset) -> None:
    preview = client().call(endpoints.PREVIEW_DATASET_DELETION, name=dataset.name)
    bullets(deletion_words(preview))
    if preview.blocked_by:
        named = ", ".join(preview.blocked_by[:3])
        wrong(f"In use by {named}. Stop it or wait until it finishes.")
        return
    if st.session_state.get("delete_for") != dataset.name:
        st.session_state["delete_for"] = dataset.name
        st.session_state["delete_name"] = ""
    typed = st.text_input(f"Type {plain(dataset.name)} to confirm", key="delete_name", live=True)
    matches = (typed or "").strip() == dataset.name
    st.button(
        f"Delete {plain(dataset.name)}",
        disabled=not matches,
        on_click=_delete,
        args=(dataset.name,),
        key="delete_now",
    )
    refused = st.session_state.pop("delete_refused", None)
    if refused:
        wrong(refused)


def _delete(name: str) -> None:
    try:
        client().call(endpoints.DELETE_DATASET, name=name)
    except ApiError as error:
        st.session_state["delete_refused"] = error.detail
        return
    st.session_state["data_outcome"] = f"{plain(name)} deleted."
    st.session_state["open_delete"] = False
    st.query_params.pop("dataset", None)
