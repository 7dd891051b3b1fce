"""Importing a run from a zip file, on the Runs page."""

import streamlit as st

from frontend.api.client import ApiError, BackendLostError
from frontend.ui.blocks import bullets, plain, wrong
from frontend.ui.session import client, go
from frontend.ui.upload.upload import RUN_ZIP, draw_upload
from shared.contract import endpoints
from shared.contract.bundles import ImportedRun, ImportRequest
from shared.contract.datasets import Upload

IMPORT_PATIENCE_S = 600.0
"""Importing reads a large zip file three times."""
ARRIVED, DONE, REFUSED = "run_zip_arrived", "run_zip_done", "run_zip_refused"


def draw_run_import() -> None:
    """An expander with the upload field and the outcome of the last import."""
    with st.expander("Import a run…", key="open_run_import", on_change="rerun") as fold:
        if fold.open:
            draw_upload(RUN_ZIP, "run_zip", on_done=_on_upload)
            _import_uploaded()
            _draw_outcome()


def _on_upload(upload: Upload) -> None:
    """Note the upload; the next rerun imports it and shows a spinner."""
    st.session_state[ARRIVED] = upload.id
    for key in (DONE, REFUSED):
        st.session_state.pop(key, None)


def _import_uploaded() -> None:
    upload = st.session_state.pop(ARRIVED, None)
    if upload is None:
        return
    with st.spinner("Verifying all files…"):
        try:
            request = ImportRequest(upload=upload)
            st.session_state[DONE] = client().call(
                endpoints.IMPORT_RUN, body=request, patience_s=IMPORT_PATIENCE_S
            )
        except (ApiError, BackendLostError) as error:
            st.session_state[REFUSED] = str(error)
            return
    st.rerun()  # so that the list above shows the run


def _draw_outcome() -> None:
    if st.session_state.get(REFUSED):
        wrong(st.session_state[REFUSED])
    done: ImportedRun | None = st.session_state.get(DONE)
    if done is None:
        return
    came = "was already imported from this zip file" if done.here_already else "imported"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(plain(f"{done.run_id} {came}."))
        if st.button("Open", key="look_at_imported"):
            go("run", run=done.run_id)
    if done.notes:
        bullets(done.notes)
