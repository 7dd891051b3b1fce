"""Which runs a page about encoders offers, and which it begins with."""

from collections.abc import Collection

import streamlit as st

from frontend.blocks import empty_state
from frontend.session import client, go, selected_run
from shared.base.runs import CLASSIFIER_KINDS, RunKind, RunState
from shared.contract.runs import Run

MOST_RUNS = 200


def begun_encoders(*, with_decoder: bool = False) -> dict[str, Run]:
    """Runs by id, newest first, that have begun to leave checkpoints, and models that were imported;
    `with_decoder` leaves classifiers out, which reconstruct nothing."""
    without = CLASSIFIER_KINDS if with_decoder else frozenset()
    runs = client().list_runs(limit=MOST_RUNS)
    return {run.id: run for run in runs if _has_begun(run) and run.kind not in without}


def _has_begun(run: Run) -> bool:
    imported = run.kind is RunKind.ADOPT
    return run.state is RunState.SUCCEEDED if imported else run.state is not RunState.QUEUED


def first_choice(runs: Collection[Run]) -> str:
    """The selected run, else the newest that has something to show."""
    chosen = selected_run()
    if chosen in {run.id for run in runs}:
        return str(chosen)
    return next((run for run in runs if run.metrics), next(iter(runs))).id


def nothing_trained(advice: str) -> None:
    """That there is no encoder yet, and the way to one."""
    empty_state("Nothing has been trained yet.", advice)
    with st.container(horizontal=True, horizontal_alignment="center"):
        if st.button("Launch a run", type="primary"):
            go("launch")
