"""Runs: what is running and how good is it?"""

import streamlit as st

from frontend.features.runs.disk import draw_disk, draw_undo
from frontend.features.runs.import_run import draw_run_import
from frontend.features.runs.queue_list import draw_queue
from frontend.ui.blocks import page_title
from frontend.ui.jobs.runs_table import draw_jobs, draw_runs
from frontend.ui.session import client, go, selected_run
from shared.configs.kinds import RunKind, Trait, has_trait
from shared.contract import endpoints

QUESTION = "What is running and how good is it?"
FILTERS = ["all", "active", "succeeded", "failed", "cancelled"]


def show() -> None:
    """The queue, the list of runs, and other jobs in an expander."""
    page_title("Runs", QUESTION)
    draw_undo()
    queued = draw_queue()
    if queued:
        go("run", run=queued)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        chosen = st.segmented_control(
            "State", FILTERS, default="all", key="state", bind="query-params", label_visibility="collapsed"
        )
        if client().call(endpoints.LIST_RUNS, limit=1):
            with st.container(horizontal=True, width="content"):
                if st.button("Sweep"):
                    go("sweep")
                if st.button("Launch a run", type="primary"):
                    go("launch")
    simulated = [dataset.name for dataset in client().call(endpoints.LIST_DATASETS) if dataset.simulated]
    tags, archived = _draw_label_filters()
    action = draw_runs(simulated, chosen or "all", selected_run(), tags, archived=archived)
    if action.open_run:
        go("run", run=action.open_run)
    if action.launch:
        go("launch")
    draw_run_import()
    draw_disk()
    with st.expander("Other jobs: imports, simulations, baselines"):
        draw_jobs(
            [kind.value for kind in RunKind if not has_trait(kind, Trait.LEAVES_MODEL)], key="other_jobs"
        )


def _draw_label_filters() -> tuple[list[str], bool]:
    """The tags runs must have, and whether archived runs are shown; both stored in the address."""
    labels = client().call(endpoints.GET_LABELS)
    known = [found.tag for found in labels.tags]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        tags: list[str] = []
        if known:
            tags = st.pills(
                "Tags",
                known,
                selection_mode="multi",
                key="tag",
                bind="query-params",
                label_visibility="collapsed",
            )
        archived = labels.archived > 0 and st.toggle(
            f"Show archived ({labels.archived})", key="archived", bind="query-params"
        )
    return tags, archived
