"""Search: which galaxies are like this one? And which are odd?"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import streamlit as st
from pydantic import ValidationError

from frontend.app_pages.search_jobs import offer_embeddings
from frontend.app_pages.search_quality import draw_quality
from frontend.app_pages.search_url import OddView, SearchAddress, View
from frontend.blocks import page_title, plain
from frontend.client import ApiError
from frontend.components.galaxy_search import draw_galaxy_search
from frontend.components.odd_review import draw_odd_review
from frontend.encoders import begun_encoders, first_choice, nothing_trained
from frontend.own_dataset import draw_missing, draw_no_datasets, own_dataset
from frontend.session import client, selected_run
from shared.contract.datasets import Dataset
from shared.contract.runs import Run
from shared.contract.search import EmbeddingState

QUESTION = "Which galaxies are like this one, and which are odd?"
VIEWS = {"like": "Like one", "odd": "Odd ones"}
CHOICE = "search_view"
HOW_ODD = (
    "Isolated: the mean of 1 − cosine to the k most similar galaxies. Mislabelled?: the share, weighted by "
    "cosine, of the k most similar labelled galaxies that carry another label; a true rarity looks the same "
    "as a wrong label, so look before you believe it. Interesting: a ridge regression on the features learns "
    "what you rated, or flagged labels against rated galaxies without a flag, and ranks the rest. Of five "
    "penalties it takes the best when each galaxy is guessed from the others; the figures beside come from "
    "the same, so they are a little hopeful. Galaxies of the same source, nearer than 5″, and near-identical "
    "images are no neighbours. Ratings and flags belong to the dataset and change no label and no score. "
    "Keys: 0 to 5 rate and go on, ← → walk, u takes back, f flags the label, l learns."
)
V = TypeVar("V", bound=SearchAddress)


def show() -> None:
    """One of the views of one encoder; what to do where there is none, or its galaxies are not embedded."""
    page_title("Search", QUESTION)
    runs = list(begun_encoders().values())
    datasets = client().list_datasets()
    if not runs:
        nothing_trained("Launch a run; galaxies can be searched by its first checkpoint.")
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
    """The switch; space and filters, and the galaxy on the way to those like it, stay as they are."""
    st.session_state[CHOICE] = address.view

    def turn() -> None:
        wanted = st.session_state[CHOICE]
        row = address.row if wanted == "like" else None
        st.query_params.from_dict(address.model_copy(update={"view": wanted, "row": row}).to_query())

    st.segmented_control(
        "view",
        list(VIEWS),
        format_func=VIEWS.__getitem__,
        key=CHOICE,
        required=True,
        on_change=turn,
        label_visibility="collapsed",
    )


def _show_like(runs: list[Run], datasets: list[Dataset]) -> None:
    view = _settled(View.from_query(st.query_params.to_dict()), runs, datasets)
    _say_missing(view, runs, datasets)
    state, problem = _state_of(view)
    draw_galaxy_search(view.model_dump(mode="json"), _told(), runs, datasets, state, on_view=_taker(View))
    if _is_ready(state, problem) and state is not None:
        draw_quality(view.space(state.run))


def _show_odd(runs: list[Run], datasets: list[Dataset]) -> None:
    view = _settled(OddView.from_query(st.query_params.to_dict()), runs, datasets)
    _say_missing(view, runs, datasets)
    state, problem = _state_of(view)
    draw_odd_review(view.model_dump(mode="json"), _told(), runs, datasets, state, on_view=_taker(OddView))
    if _is_ready(state, problem):
        with st.expander("How this works"):
            st.markdown(plain(HOW_ODD))


def _say_missing(view: SearchAddress, runs: list[Run], datasets: list[Dataset]) -> None:
    """That the dataset of the view's run is not here, where it is not."""
    for run in (run for run in runs if run.id == view.run):
        draw_missing(run, datasets, "")


def _settled(view: V, runs: list[Run], datasets: list[Dataset]) -> V:
    """The view with a run and a dataset: the selected run, else the newest with something to show."""
    ids = {run.id: run for run in runs}
    run = ids.get(view.run or "") or ids[first_choice(runs)]
    dataset = view.dataset or (own_dataset(run, datasets) or datasets[0]).name
    return view.model_copy(update={"run": view.run or run.id, "dataset": dataset})


def _state_of(view: SearchAddress) -> tuple[EmbeddingState | None, str]:
    """Whether the galaxies are embedded; None and why where they cannot be."""
    try:
        return client().get_embeddings(view.space(str(view.run))), ""
    except ApiError as error:
        return None, error.detail


def _is_ready(state: EmbeddingState | None, problem: str) -> bool:
    """Whether there is something to look at; where not, why, and the job that changes it."""
    if state is None:
        st.error(plain(problem))
    elif not state.ready:
        offer_embeddings(state)
    return state is not None and state.ready


def _taker(kind: type[SearchAddress]) -> Callable[[Mapping[str, Any], int], None]:
    """The address says what the browser shows; it is the browser's own word, not news to it."""

    def take(said: Mapping[str, Any], n: int) -> None:
        try:
            query = kind.model_validate(said).to_query()
        except ValidationError:  # a number out of bounds: the search itself has said what is wrong
            return
        st.query_params.from_dict(query)
        st.session_state["search_told"] = (n, query)

    return take


def _told() -> int | None:
    """The number of the browser's word that the address repeats; None after a link or the back button."""
    n, query = st.session_state.get("search_told", (None, None))
    return n if st.query_params.to_dict() == query else None
