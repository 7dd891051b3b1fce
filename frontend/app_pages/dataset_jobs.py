"""Jobs that make a dataset: queued here, followed here, and what to do with what they made."""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from frontend.client import ApiError
from frontend.components.runs_table import draw_jobs
from frontend.dataset_words import free_name
from frontend.session import client, go
from frontend.wording import count
from shared.base.states import TERMINAL, RunState
from shared.configs.kinds import RunKind, Trait, has_trait
from shared.contract.runs import Run, RunRequest

MAKERS = [kind.value for kind in RunKind if has_trait(kind, Trait.MAKES_DATASET)]
STARTED = "datasets_started"
NAMED = "datasets_named"


def queue_job(kind: RunKind, values: dict[str, Any]) -> dict[str, str]:
    """Queues the job; where the server refuses, its sentence by the field at fault, "" for none."""
    try:
        run = client().create_run(RunRequest(kind=kind, config=values))
    except ApiError as error:
        return {error.field or "": error.detail}
    st.session_state.setdefault(STARTED, []).append(run.id)
    st.session_state.setdefault(NAMED, []).append(values["name"])
    return {}


def suggest_free(word: str, names: Iterable[str]) -> str:
    """A name that neither a dataset has nor one that this session has asked for."""
    return free_name(word, [*names, *st.session_state.get(NAMED, [])])


def draw_jobs_under_way() -> None:
    """The jobs that make a dataset just now; the page is drawn again when one ends."""
    jobs = client().list_runs(every_kind=True, limit=50)
    coming = [
        job.id for job in jobs if has_trait(job.kind, Trait.MAKES_DATASET) and job.state not in TERMINAL
    ]
    if coming and draw_jobs(MAKERS, key="jobs_under_way", active=True, watch=coming).settled:
        st.rerun()


def draw_every_job() -> None:
    """All jobs that made or make datasets, folded."""
    with st.expander(
        "Jobs: imports, downloads, simulations and subsets", key="open_jobs", on_change="rerun"
    ) as fold:
        if fold.open:
            draw_jobs(MAKERS, key="dataset_jobs")


def draw_ready() -> None:
    """What this session's jobs have come to, once for each: a dataset to look at, or why there is none."""
    for run_id in list(st.session_state.get(STARTED, [])):
        run = client().get_run(run_id)
        if run.state is RunState.SUCCEEDED:
            _draw_made(run)
        elif run.state in TERMINAL:
            _draw_unmade(run)


def _draw_made(run: Run) -> None:
    name = str(run.config.get("name", run.dataset or ""))
    known = {dataset.name: dataset for dataset in client().list_datasets()}
    if name not in known:
        _forget(run.id)
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{name}** is ready: {count(known[name].n)} galaxies.")
        st.button("Look at it", key=f"look_{run.id}", type="primary", on_click=_look, args=(run.id, name))
        if st.button("Train on it", key=f"train_{run.id}"):
            _forget(run.id)
            go("launch", on=name)
        st.button("Later", key=f"later_{run.id}", on_click=_forget, args=(run.id,))


def _draw_unmade(run: Run) -> None:
    ended = "was stopped" if run.state is RunState.CANCELLED else "failed"
    why = " ".join(part for part in (run.reason, run.suggestion) if part)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.text(f"The {run.kind} of {run.config.get('name', 'a dataset')} {ended}. {why}".strip())
        st.button("Good", key=f"later_{run.id}", on_click=_forget, args=(run.id,))


def _look(run_id: str, name: str) -> None:
    _forget(run_id)
    open_dataset(name)


def open_dataset(name: str) -> None:
    """For a callback: the next rerun shows this dataset."""
    for key in ("add", "set"):
        st.query_params.pop(key, None)
    st.query_params["dataset"] = name


def _forget(run_id: str) -> None:
    st.session_state[STARTED] = [one for one in st.session_state.get(STARTED, []) if one != run_id]
