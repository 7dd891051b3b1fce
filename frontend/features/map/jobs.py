"""The jobs that create a map: embeddings, then t-SNE; a button for each, then its progress."""

from collections.abc import Callable

import streamlit as st

from frontend.api.client import ApiError
from frontend.ui.blocks import empty_state, hint, wrong
from frontend.ui.jobs.job import draw_job
from frontend.ui.session import client
from frontend.ui.wording import capitalised, count
from shared.base.states import TERMINAL, RunState
from shared.configs import Config
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.maps import MapState
from shared.contract.runs import Run, RunRequest
from shared.contract.search import EmbeddingState

REFUSED = "map_refused"
MIN_STEPS = 2


def offer_embeddings(state: EmbeddingState) -> None:
    """A button that embeds the galaxies, or the progress of that job."""
    job = client().call(endpoints.GET_RUN, run_id=state.job) if state.job else None
    if _draw_active(job, "Embedding the galaxies"):
        st.caption("The map appears here when the job has finished.")
        return
    where = f"step {count(state.step)}, block {state.depth}"
    empty_state(
        f"{state.run} has no embeddings of {state.dataset} at {where} yet.",
        f"A job computes the features of all {count(state.n)} galaxies on the CPU, alongside training.",
    )
    _draw_failure(job)
    with st.container(horizontal=True, horizontal_alignment="center"):
        st.button("Embed the galaxies", type="primary", on_click=_queue(RunKind.EMBED, state.config))


def offer_tsne(state: MapState) -> None:
    """A button that computes the t-SNE, or the progress of that job; the PCA is shown meanwhile."""
    if state.why_not is not None or state.config is None:
        wrong(f"{capitalised(state.why_not or '')}. The PCA is shown.")
        return
    job = client().call(endpoints.GET_RUN, run_id=state.job) if state.job else None
    if _draw_active(job, "t-SNE"):
        hint("The PCA is shown meanwhile.")
        return
    _draw_failure(job)
    with st.container(horizontal=True, vertical_alignment="center"):
        queue = _queue(RunKind.PROJECT, state.config)
        st.button(
            "Compute t-SNE", type="primary", on_click=queue, key="tsne_" + state.config.model_dump_json()
        )
        st.caption("Takes about a minute for 5,000 galaxies on the CPU. The PCA is shown meanwhile.")


def offer_every_checkpoint(state: MapState, run: Run) -> None:
    """A button that embeds all checkpoints, if some are missing; a slider then moves over them."""
    every = client().call(endpoints.LIST_CHECKPOINTS, run_id=run.id).steps
    missing = len(every) - len(state.steps)
    if state.method != "pca" or missing < 1 or len(every) < MIN_STEPS:
        return
    embeddings = state.embeddings
    job = client().call(endpoints.GET_RUN, run_id=embeddings.job) if embeddings.job else None
    if _draw_active(job, "Embedding every checkpoint", "every"):
        return
    config = embeddings.config.model_copy(update={"every_checkpoint": True})
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Embed every checkpoint", on_click=_queue(RunKind.EMBED, config))
        st.caption(
            f"{missing} of {len(every)} checkpoints are not embedded yet. With all of them, a slider shows "
            "the map over the course of training, aligned between checkpoints."
        )
    refused = st.session_state.pop(REFUSED, None)
    if refused:
        wrong(refused)


def _draw_active(job: Run | None, title: str, place: str = "") -> bool:
    if job is None or job.state in TERMINAL:
        return False
    if draw_job(job.id, title, key=f"map_{place}{job.id}"):
        st.rerun()
    return True


def _draw_failure(job: Run | None) -> None:
    """Why the last job failed or could not be queued."""
    refused = st.session_state.pop(REFUSED, None)
    if refused:
        wrong(refused)
    elif job is not None and job.state is RunState.FAILED:
        wrong(f"The last job failed. {job.reason or ''} {job.suggestion or ''}".strip())
    elif job is not None and job.state is RunState.CANCELLED:
        hint("The last job was stopped; it has no results.")


def _queue(kind: RunKind, config: Config) -> Callable[[], None]:
    def act() -> None:
        try:
            client().call(
                endpoints.CREATE_RUN, body=RunRequest(kind=kind, config=config.model_dump(mode="json"))
            )
        except ApiError as error:
            st.session_state[REFUSED] = error.detail

    return act
