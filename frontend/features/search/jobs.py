"""The embedding job of a search: a button, then its progress."""

import streamlit as st

from frontend.ui.blocks import empty_state, plain
from frontend.ui.jobs.job import draw_job
from frontend.ui.session import client
from frontend.ui.wording import count
from shared.base.states import TERMINAL, RunState
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.runs import RunRequest
from shared.contract.search import EmbeddingState


def offer_embeddings(state: EmbeddingState) -> None:
    """A button that embeds the galaxies, or the progress of that job."""
    job = client().call(endpoints.GET_RUN, run_id=state.job) if state.job else None
    if job is not None and job.state not in TERMINAL:
        if draw_job(job.id, f"Embedding {count(state.n)} galaxies of {state.dataset}", key="embed_job"):
            st.rerun()
        return
    empty_state(
        f"This encoder has no embeddings of {state.dataset} yet.",
        f"A job computes the features of all {count(state.n)} galaxies at block {state.depth} on the CPU, "
        "alongside training.",
    )
    if job is not None and job.state is RunState.FAILED:
        st.error(plain(f"The last attempt failed: {job.reason}"))
    with st.container(horizontal=True, horizontal_alignment="center"):
        if st.button(f"Embed {count(state.n)} galaxies", type="primary"):
            client().call(
                endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.EMBED, config=state.config.model_dump())
            )
            st.rerun()
