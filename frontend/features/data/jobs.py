"""Jobs that create datasets: queueing them, following them, and showing their outcome."""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from frontend.api.client import ApiError
from frontend.features.data.words import free_name
from frontend.ui.jobs.runs_table import draw_jobs
from frontend.ui.session import client, go
from frontend.ui.wording import count
from shared.base.states import TERMINAL, RunState
from shared.configs.kinds import RunKind, Trait, has_trait
from shared.contract import endpoints
from shared.contract.runs import Run, RunRequest

MAKERS = [kind.value for kind in RunKind if has_trait(kind, Trait.MAKES_DATASET)]
STARTED = "datasets_started"
NAMED = "datasets_named"


def queue_job(kind: RunKind, values: dict[str, Any]) -> dict[str, str]:
    """Queue a job; returns errors by field ("" for no field)."""
    try:
        run = client().call(endpoints.CREATE_RUN, body=RunRequest(kind=kind, config=values))
    except ApiError as error:
        return {error.field or "": error.detail}
    st.session_state.setdefault(STARTED, []).append(run.id)
    st.session_state.setdefault(NAMED, []).append(values["name"])
    return {}


def suggest_free(word: str, names: Iterable[str]) -> str:
    """A name used neither by a dataset nor by a job of this session."""
    return free_name(word, [*names, *st.session_state.get(NAMED, [])])


def draw_active_jobs() -> None:
    """Active jobs that create datasets; the page is redrawn when one ends."""
    jobs = client().call(endpoints.LIST_RUNS, all=True, limit=50)
    active = [
        job.id for job in jobs if has_trait(job.kind, Trait.MAKES_DATASET) and job.state not in TERMINAL
    ]
    if active and draw_jobs(MAKERS, key="active_jobs", active=True, watch=active).settled:
        st.rerun()


def draw_every_job() -> None:
    """All jobs that create datasets, in an expander."""
    with st.expander(
        "Jobs: imports, cut-outs, downloads, simulations and subsets", key="open_jobs", on_change="rerun"
    ) as fold:
        if fold.open:
            draw_jobs(MAKERS, key="dataset_jobs")


def draw_ready() -> None:
    """The outcome of each finished job of this session: the new dataset, or why it failed."""
    for run_id in list(st.session_state.get(STARTED, [])):
        run = client().call(endpoints.GET_RUN, run_id=run_id)
        if run.state is RunState.SUCCEEDED:
            _draw_created(run)
        elif run.state in TERMINAL:
            _draw_failed(run)


def _draw_created(run: Run) -> None:
    name = str(run.config.get("name", run.dataset or ""))
    known = {dataset.name: dataset for dataset in client().call(endpoints.LIST_DATASETS)}
    if name not in known:
        _forget(run.id)
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{name}** is ready: {count(known[name].n)} galaxies.")
        st.button("Show it", key=f"look_{run.id}", type="primary", on_click=_show, args=(run.id, name))
        if st.button("Train on it", key=f"train_{run.id}"):
            _forget(run.id)
            go("launch", on=name)
        st.button("Dismiss", key=f"later_{run.id}", on_click=_forget, args=(run.id,))


def _draw_failed(run: Run) -> None:
    ended = "was stopped" if run.state is RunState.CANCELLED else "failed"
    why = " ".join(part for part in (run.reason, run.suggestion) if part)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.text(f"The {run.kind} of {run.config.get('name', 'a dataset')} {ended}. {why}".strip())
        st.button("Dismiss", key=f"later_{run.id}", on_click=_forget, args=(run.id,))


def _show(run_id: str, name: str) -> None:
    _forget(run_id)
    open_dataset(name)


def open_dataset(name: str) -> None:
    """Callback: show this dataset on the next rerun."""
    for key in ("add", "set", "cut"):
        st.query_params.pop(key, None)
    st.query_params["dataset"] = name


def _forget(run_id: str) -> None:
    st.session_state[STARTED] = [one for one in st.session_state.get(STARTED, []) if one != run_id]
