"""The job behind a search: one button that embeds the galaxies, then its progress."""

import streamlit as st

from frontend.blocks import empty_state, plain
from frontend.components.job import draw_job
from frontend.session import client
from frontend.wording import count
from shared.base.states import TERMINAL, RunState
from shared.configs.kinds import RunKind
from shared.contract.runs import RunRequest
from shared.contract.search import EmbeddingState


def offer_embeddings(state: EmbeddingState) -> None:
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
