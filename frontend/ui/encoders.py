"""The runs a page about encoders offers, and its initial choice."""

from collections.abc import Collection, Mapping
from typing import Any

import streamlit as st

from frontend.ui.blocks import empty_state
from frontend.ui.browser_view import BrowserView
from frontend.ui.session import client, go, selected_run
from shared.base.states import RunState
from shared.configs.kinds import Trait, has_trait, kinds_with
from shared.contract import endpoints
from shared.contract.runs import Run

MOST_RUNS = 200


def begun_encoders(*, with_decoder: bool = False) -> dict[str, Run]:
    """Runs by id, newest first, that may have checkpoints, and imported models; `with_decoder` excludes
    classifiers, which cannot reconstruct."""
    without = kinds_with(Trait.CLASSIFIES) if with_decoder else ()
    runs = client().call(endpoints.LIST_RUNS, limit=MOST_RUNS)
    return {run.id: run for run in runs if _has_begun(run) and run.kind not in without}


def _has_begun(run: Run) -> bool:
    trains = has_trait(run.kind, Trait.TRAINS)
    return run.state is not RunState.QUEUED if trains else run.state is RunState.SUCCEEDED


def first_choice(runs: Collection[Run]) -> str:
    """The selected run, else the newest with metrics."""
    chosen = selected_run()
    if chosen in {run.id for run in runs}:
        return str(chosen)
    return next((run for run in runs if run.metrics), next(iter(runs))).id


def settle_run(address: BrowserView[Any], run: str | None, encoders: Mapping[str, Run]) -> str:
    """`run`, or if it is no encoder the selected or newest one; address and header get it, too."""
    settled = run if run is not None and run in encoders else first_choice(encoders.values())
    if st.query_params.get("run") != settled:
        st.session_state["selected_run"] = settled
        address.change(run=settled)
        st.rerun()  # the header shows the run
    return settled


def nothing_trained(advice: str) -> None:
    """The empty state of pages that need an encoder."""
    empty_state("Nothing has been trained yet.", advice)
    with st.container(horizontal=True, horizontal_alignment="center"):
        if st.button("Launch a run", type="primary"):
            go("launch")
