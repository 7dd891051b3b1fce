"""The disk that runs take, on the Runs page: what can go, and what was deleted and can be had back."""

from datetime import UTC, datetime, timedelta

import streamlit as st

from frontend.blocks import facts, guarded, plain, table, wrong
from frontend.client import ApiError
from frontend.disk_words import disk_label, pruning_sentence
from frontend.session import client
from frontend.wording import clock, size
from shared.contract.runs import DeletedRun, DiskUsage, PruneReport

NEWS, REFUSED = "runs_disk_news", "runs_disk_refused"
SHOWN = 8
NEWS_FOR = timedelta(minutes=10)
"""Afterwards the fold about the disk has the way back."""


def draw_news() -> None:
    """What became of a deletion, with the way back."""
    news: DeletedRun | None = st.session_state.get(NEWS)
    if news is None or datetime.now(UTC) - news.deleted_at > NEWS_FOR:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="deleted_news"):
        st.caption(
            plain(f"{news.name or news.id} is deleted; until {clock(news.gone_at)} it can be had back.")
        )
        st.button("Undo", on_click=_restore, args=(news.id,), key="undo_deletion")


def draw_disk() -> None:
    """A fold that asks for what can go only when it is open."""
    disk = client().read_disk()
    with st.expander(disk_label(disk), key="open_disk", on_change="rerun") as fold:
        if fold.open:
            guarded(lambda: _draw_inside(disk))


def _draw_inside(disk: DiskUsage) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        _draw_pruning(client().preview_pruning())
    with right:
        _draw_deleted(disk)


def _draw_pruning(pruning: PruneReport) -> None:
    st.markdown("**What can go**")
    st.caption(plain(pruning_sentence(pruning)))
    if not pruning.runs:
        return
    rows = [
        {"run": run.name or run.id, "checkpoints": str(run.checkpoints), "size": size(run.bytes)}
        for run in pruning.runs[:SHOWN]
    ]
    more = f", the {SHOWN} largest" if len(pruning.runs) > SHOWN else ""
    table(rows, f"What each gives{more}")
    sure = st.checkbox("There is no way back", key="prune_sure")
    ids = [run.id for run in pruning.runs]
    st.button(f"Remove {size(pruning.bytes)}", disabled=not sure, on_click=_prune, args=(ids,), key="prune")
    refused = st.session_state.pop(REFUSED, None)
    if refused:
        wrong(refused)


def _draw_deleted(disk: DiskUsage) -> None:
    st.markdown("**Deleted**")
    if not disk.deleted:
        st.caption("No run was deleted in the last 24 hours.")
    for run in disk.deleted:
        with st.container(horizontal=True, vertical_alignment="center"):
            facts([(run.name or run.id, f"{size(run.disk_bytes or 0)}, gone at {clock(run.gone_at)}")])
            st.button("Have it back", on_click=_restore, args=(run.id,), key=f"restore_{run.id}")


def _restore(run_id: str) -> None:
    st.session_state.pop(NEWS, None)
    try:
        client().restore_run(run_id)
    except ApiError as error:
        st.session_state[REFUSED] = error.detail


def _prune(runs: list[str]) -> None:
    st.session_state["prune_sure"] = False
    try:
        client().prune(runs)
    except ApiError as error:
        st.session_state[REFUSED] = error.detail
