"""DiskUsage space on the Runs page: pruning checkpoints, and the trash."""

from datetime import UTC, datetime, timedelta

import streamlit as st

from frontend.api.client import ApiError
from frontend.ui.blocks import facts, guarded, plain, table, wrong
from frontend.ui.disk_words import LAST_DELETED, disk_label, pruning_sentence
from frontend.ui.session import client
from frontend.ui.wording import clock, size
from shared.contract import endpoints
from shared.contract.runs import DeletedRun, DiskUsage, PruneReport, PruneRequest

REFUSED = "runs_disk_refused"
SHOWN = 8
UNDO_SHOWN = timedelta(minutes=10)
"""After this time a run can still be restored from the trash."""


def draw_undo() -> None:
    """The last deletion, with a button to undo it."""
    deleted: DeletedRun | None = st.session_state.get(LAST_DELETED)
    if deleted is None or datetime.now(UTC) - deleted.deleted_at > UNDO_SHOWN:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="deleted_news"):
        st.caption(
            plain(f"{deleted.name or deleted.id} deleted. It can be restored until {clock(deleted.gone_at)}.")
        )
        st.button("Undo", on_click=_restore, args=(deleted.id,), key="undo_deletion")


def draw_disk() -> None:
    """An expander that loads its content when opened."""
    disk = client().call(endpoints.GET_DISK)
    with st.expander(disk_label(disk), key="open_disk", on_change="rerun") as fold:
        if fold.open:
            guarded(lambda: _draw_inside(disk))


def _draw_inside(disk: DiskUsage) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        _draw_pruning(client().call(endpoints.PREVIEW_PRUNING))
    with right:
        _draw_deleted(disk)


def _draw_pruning(pruning: PruneReport) -> None:
    st.markdown("**Prune checkpoints**")
    st.caption(plain(pruning_sentence(pruning)))
    if not pruning.runs:
        return
    rows = [
        {"Run": run.name or run.id, "Checkpoints": str(run.checkpoints), "Size": size(run.bytes)}
        for run in pruning.runs[:SHOWN]
    ]
    more = f", the {SHOWN} largest" if len(pruning.runs) > SHOWN else ""
    table(rows, f"Space freed per run{more}")
    sure = st.checkbox("I understand that this cannot be undone", key="prune_sure")
    ids = [run.id for run in pruning.runs]
    st.button(f"Remove {size(pruning.bytes)}", disabled=not sure, on_click=_prune, args=(ids,), key="prune")
    refused = st.session_state.pop(REFUSED, None)
    if refused:
        wrong(refused)


def _draw_deleted(disk: DiskUsage) -> None:
    st.markdown("**Trash**")
    if not disk.deleted:
        st.caption("No runs were deleted in the last 24 hours.")
    for run in disk.deleted:
        with st.container(horizontal=True, vertical_alignment="center"):
            facts([(run.name or run.id, f"{size(run.disk_bytes or 0)}, removed on {clock(run.gone_at)}")])
            st.button("Restore", on_click=_restore, args=(run.id,), key=f"restore_{run.id}")


def _restore(run_id: str) -> None:
    st.session_state.pop(LAST_DELETED, None)
    try:
        client().call(endpoints.RESTORE_RUN, run_id=run_id)
    except ApiError as error:
        st.session_state[REFUSED] = error.detail


def _prune(runs: list[str]) -> None:
    st.session_state["prune_sure"] = False
    try:
        client().call(endpoints.PRUNE, body=PruneRequest(runs=runs))
    except ApiError as error:
        st.session_state[REFUSED] = error.detail
