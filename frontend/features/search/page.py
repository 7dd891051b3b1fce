"""Search: which galaxies are like this one, and which are odd?"""

from typing import TypeVar

import streamlit as st

from frontend.api.client import ApiError
from frontend.features.search import galaxy_search
from frontend.features.search.galaxy_search import draw_galaxy_search
from frontend.features.search.jobs import offer_embeddings
from frontend.features.search.odd import odd_review
from frontend.features.search.odd.odd_review import draw_odd_review
from frontend.features.search.quality import draw_quality
from frontend.features.search.url import SearchAddress
from frontend.ui.blocks import page_title, plain
from frontend.ui.encoders import begun_encoders, first_choice, nothing_trained
from frontend.ui.own_dataset import draw_missing, draw_no_datasets, own_dataset
from frontend.ui.session import client, selected_run
from shared.contract import endpoints
from shared.contract.datasets import Dataset
from shared.contract.runs import Run
from shared.contract.search import EmbeddingState

QUESTION = "Which galaxies are like this one, and which are odd?"
VIEWS = {"like": "Similar galaxies", "odd": "Odd galaxies"}
CHOICE = "search_view"
HOW_ODD = (
    "Isolated: the mean of 1 − cosine to the k most similar galaxies. Mislabelled?: the cosine-weighted "
    "share of the k most similar labelled galaxies with another label; a genuinely rare galaxy scores like a "
    "wrong label, so inspect it. Interesting: a ridge regression on the features, fitted to your ratings (or "
    "to flagged labels against rated galaxies without a flag), ranks the rest. The penalty is the best of "
    "five in leave-one-out cross-validation; the reported figures come from the same cross-validation and "
    "are slightly optimistic. Galaxies of the same source or within 5″, and near-identical images, are not "
    "neighbours. Ratings and flags belong to the dataset; they change no labels or scores. Keys: 0 to 5 rate "
    "and advance, ← → move, u undoes, f flags the label, l learns."
)
V = TypeVar("V", bound=SearchAddress)


def show() -> None:
    """One of the two views, or the steps needed before a search."""
    page_title("Search", QUESTION)
    runs = list(begun_encoders().values())
    datasets = client().call(endpoints.LIST_DATASETS)
    if not runs:
        nothing_trained("Launch a run; searching is possible from its first checkpoint on.")
        return
    if not datasets:
        draw_no_datasets(next((run for run in runs if run.id == selected_run()), runs[0]))
        return
    address = SearchAddress.from_query(st.query_params.to_dict())
    _choose_view(address)
    if address.view == "odd":
        _show_odd(runs, datasets)
    else:
        _show_like(runs, datasets)


def _choose_view(address: SearchAddress) -> None:
    """Switch between the views, keeping space and filters, and the galaxy when going to similar ones."""
    st.session_state[CHOICE] = address.view

    def switch() -> None:
        view = st.session_state[CHOICE]
        row = address.row if view == "like" else None
        st.query_params.from_dict(address.model_copy(update={"view": view, "row": row}).to_query())

    st.segmented_control(
        "View",
        list(VIEWS),
        format_func=VIEWS.__getitem__,
        key=CHOICE,
        required=True,
        on_change=switch,
        label_visibility="collapsed",
    )


def _show_like(runs: list[Run], datasets: list[Dataset]) -> None:
    view = _settle(galaxy_search.ADDRESS.current(), runs, datasets)
    _draw_missing(view, runs, datasets)
    state, problem = _state_of(view)
    draw_galaxy_search(view, runs, datasets, state)
    if _is_ready(state, problem) and state is not None:
        draw_quality(view.space(state.run))


def _show_odd(runs: list[Run], datasets: list[Dataset]) -> None:
    view = _settle(odd_review.ADDRESS.current(), runs, datasets)
    _draw_missing(view, runs, datasets)
    state, problem = _state_of(view)
    draw_odd_review(view, runs, datasets, state)
    if _is_ready(state, problem):
        with st.expander("How this works"):
            st.markdown(plain(HOW_ODD))


def _draw_missing(view: SearchAddress, runs: list[Run], datasets: list[Dataset]) -> None:
    """A caption if the dataset of the run is missing."""
    for run in (run for run in runs if run.id == view.run):
        draw_missing(run, datasets, "")


def _settle(view: V, runs: list[Run], datasets: list[Dataset]) -> V:
    """Fill in run and dataset: the selected run, else the newest with metrics."""
    ids = {run.id: run for run in runs}
    run = ids.get(view.run or "") or ids[first_choice(runs)]
    dataset = view.dataset or (own_dataset(run, datasets) or datasets[0]).name
    return view.model_copy(update={"run": view.run or run.id, "dataset": dataset})


def _state_of(view: SearchAddress) -> tuple[EmbeddingState | None, str]:
    """The state of the embeddings, or None and an error."""
    try:
        return client().call(endpoints.GET_EMBEDDINGS, **view.space(str(view.run)).model_dump()), ""
    except ApiError as error:
        return None, error.detail


def _is_ready(state: EmbeddingState | None, problem: str) -> bool:
    """Whether the embeddings are ready; if not, draws the reason and offers the job."""
    if state is None:
        st.error(plain(problem))
    elif not state.ready:
        offer_embeddings(state)
    return state is not None and state.ready
