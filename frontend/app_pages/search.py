"""Search: which galaxies are like this one?"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from frontend.app_pages.search_quality import draw_quality
from frontend.app_pages.search_url import View
from frontend.blocks import empty_state, page_title, plain
from frontend.client import ApiError
from frontend.components.galaxy_search import draw_galaxy_search
from frontend.components.job import draw_job
from frontend.encoders import begun_encoders, first_choice, nothing_trained
from frontend.own_dataset import draw_missing, draw_no_datasets, own_dataset
from frontend.session import client, selected_run
from frontend.wording import count
from shared.datasets import Dataset
from shared.runs import TERMINAL, Run, RunKind, RunRequest, RunState
from shared.search import EmbeddingState

QUESTION = "Which galaxies are like this one?"


def show() -> None:
    """The search of one encoder; what to do where there is none, or its galaxies are not embedded yet."""
    page_title("Search", QUESTION)
    runs = list(begun_encoders().values())
    datasets = client().list_datasets()
    if not runs:
        nothing_trained("Launch a run; galaxies can be searched by its first checkpoint.")
        return
    if not datasets:
        draw_no_datasets(next((run for run in runs if run.id == selected_run()), runs[0]))
        return
    view = _settled(View.from_query(st.query_params.to_dict()), runs, datasets)
    for run in (run for run in runs if run.id == view.run):
        draw_missing(run, datasets, "")
    state, problem = _state_of(view)
    draw_galaxy_search(view.model_dump(mode="json"), _told(), runs, datasets, state, on_view=_take_view)
    if state is None:
        st.error(plain(problem))
    elif not state.ready:
        _offer(state)
    else:
        draw_quality(view.space(state.run))


def _settled(view: View, runs: list[Run], datasets: list[Dataset]) -> View:
    """The view with a run and a dataset: the selected run, else the newest with something to show."""
    ids = {run.id: run for run in runs}
    run = ids.get(view.run or "") or ids[first_choice(runs)]
    dataset = view.dataset or (own_dataset(run, datasets) or datasets[0]).name
    return view.model_copy(update={"run": view.run or run.id, "dataset": dataset})


def _state_of(view: View) -> tuple[EmbeddingState | None, str]:
    """Whether the galaxies are embedded; None and why where they cannot be."""
    try:
        return client().get_embeddings(view.space(str(view.run))), ""
    except ApiError as error:
        return None, error.detail


def _offer(state: EmbeddingState) -> None:
    """The one button that embeds the galaxies, and the job at work."""
    job = client().get_run(state.job) if state.job else None
    if job is not None and job.state not in TERMINAL:
        if draw_job(job.id, f"Embedding {count(state.n)} galaxies of {state.dataset}", key="embed_job"):
            st.rerun()
        return
    empty_state(
        f"This encoder has no embeddings of {state.dataset} yet.",
        f"Its features of {count(state.n)} galaxies at depth {state.depth} are computed once and kept; "
        "a training goes on meanwhile.",
    )
    if job is not None and job.state is RunState.FAILED:
        st.error(plain(f"The last try failed: {job.reason}"))
    with st.container(horizontal=True, horizontal_alignment="center"):
        if st.button(f"Embed {count(state.n)} galaxies", type="primary"):
            client().create_run(RunRequest(kind=RunKind.EMBED, config=state.config.model_dump()))
            st.rerun()


def _take_view(said: Mapping[str, Any], n: int) -> None:
    """The address says what the browser shows; it is the browser's own word, not news to it."""
    query = View.model_validate(said).to_query()
    st.query_params.from_dict(query)
    st.session_state["search_told"] = (n, query)


def _told() -> int | None:
    """The number of the browser's word that the address repeats; None after a link or the back button."""
    n, query = st.session_state.get("search_told", (None, None))
    return n if st.query_params.to_dict() == query else None
