"""The jobs behind a map: embeddings first, then t-SNE; each one button, then its progress."""

from collections.abc import Callable

import streamlit as st

from frontend.blocks import empty_state, hint, wrong
from frontend.client import ApiError
from frontend.components.job import draw_job
from frontend.session import client
from frontend.wording import count
from shared.base.states import TERMINAL, RunState
from shared.configs import Config
from shared.configs.kinds import RunKind
from shared.contract.maps import MapState
from shared.contract.runs import Run, RunRequest
from shared.contract.search import EmbeddingState

REFUSED = "map_refused"
MIN_STEPS = 2


def offer_embeddings(state: EmbeddingState) -> None:
    """A button that embeds the galaxies, or how far that is."""
    job = client().get_run(state.job) if state.job else None
    if _at_work(job, "Embedding the galaxies"):
        st.caption("The map appears here when it has ended.")
        return
    where = f"step {count(state.step)}, block {state.depth}"
    empty_state(
        f"{state.run} has no embeddings of {state.dataset} at {where} yet.",
        f"One job computes the features of its {count(state.n)} galaxies, on the CPU, beside a training.",
    )
    _say_why(job)
    with st.container(horizontal=True, horizontal_alignment="center"):
        st.button("Embed the galaxies", type="primary", on_click=_queue(RunKind.EMBED, state.config))


def offer_tsne(state: MapState) -> None:
    """A button that makes the t-SNE, or how far that is; the PCA is shown below meanwhile."""
    if state.why_not is not None or state.config is None:
        wrong(f"{(state.why_not or '').capitalize()}. The PCA is shown.")
        return
    job = client().get_run(state.job) if state.job else None
    if _at_work(job, "t-SNE"):
        hint("The PCA is shown meanwhile.")
        return
    _say_why(job)
    with st.container(horizontal=True, vertical_alignment="center"):
        queue = _queue(RunKind.PROJECT, state.config)
        st.button(
            "Make the t-SNE", type="primary", on_click=queue, key="tsne_" + state.config.model_dump_json()
        )
        st.caption("It takes about a minute for 5,000 galaxies, on the CPU; the PCA is shown meanwhile.")


def offer_every_checkpoint(state: MapState, run: Run) -> None:
    """Where the run has more checkpoints than are embedded: one job for them all, and then a slider."""
    every = client().list_checkpoints(run.id).steps
    missing = len(every) - len(state.steps)
    if state.method != "pca" or missing < 1 or len(every) < MIN_STEPS:
        return
    embeddings = state.embeddings
    job = client().get_run(embeddings.job) if embeddings.job else None
    if _at_work(job, "Embedding every checkpoint", "every"):
        return
    config = embeddings.config.model_copy(update={"every_checkpoint": True})
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Embed every checkpoint", on_click=_queue(RunKind.EMBED, config))
        st.caption(
            f"{missing} of its {len(every)} checkpoints are not embedded yet; then a slider moves the map "
            "over the training, turned so that points do not jump."
        )
    refused = st.session_state.pop(REFUSED, None)
    if refused:
        wrong(refused)


def _at_work(job: Run | None, title: str, place: str = "") -> bool:
    if job is None or job.state in TERMINAL:
        return False
    if draw_job(job.id, title, key=f"map_{place}{job.id}"):
        st.rerun()
    return True


def _say_why(job: Run | None) -> None:
    """Why the last job came to nothing, or the server would not queue one."""
    refused = st.session_state.pop(REFUSED, None)
    if refused:
        wrong(refused)
    elif job is not None and job.state is RunState.FAILED:
        wrong(f"The last job failed. {job.reason or ''} {job.suggestion or ''}".strip())
    elif job is not None and job.state is RunState.CANCELLED:
        hint("The last job was stopped; nothing of it is kept.")


def _queue(kind: RunKind, config: Config) -> Callable[[], None]:
    def act() -> None:
        try:
            client().create_run(RunRequest(kind=kind, config=config.model_dump(mode="json")))
        except ApiError as error:
            st.session_state[REFUSED] = error.detail

    return act
