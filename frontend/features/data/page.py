"""Data: what am I training on?"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from frontend.features.data.adding.add_dataset import draw_add_view, start_adding
from frontend.features.data.galaxies import draw_galaxies
from frontend.features.data.jobs import draw_active_jobs, draw_ready
from frontend.features.data.manage import draw_management
from frontend.features.data.sections import GALAXY, OPEN, draw_sections
from frontend.ui.blocks import headline, page_title
from frontend.ui.session import client, go
from frontend.ui.wording import count, dataset_title, size
from shared.contract import endpoints
from shared.contract.datasets import Dataset

QUESTION = "What am I training on?"
MOST_PILLS = 8
CHOSEN = "dataset"


def show() -> None:
    """One dataset, or the page for adding one if `add` is in the address."""
    datasets = {dataset.name: dataset for dataset in client().call(endpoints.LIST_DATASETS)}
    way = st.query_params.get("add")
    if way is not None or not datasets:
        draw_add_view(way, datasets)
        return
    page_title("Data", QUESTION)
    _draw_outcome()
    draw_ready()
    draw_active_jobs()
    dataset = datasets[_choose(datasets)]
    _draw_head(dataset)
    draw_galaxies(dataset, list(datasets))
    draw_sections(dataset)
    draw_management(dataset, list(datasets))


def _draw_outcome() -> None:
    sentence = st.session_state.pop("data_outcome", None)
    if sentence:
        st.success(sentence)


def _choose(datasets: Mapping[str, Dataset]) -> str:
    """The dataset of the address, else the one shown last, else the newest."""
    # Not bound to the address by Streamlit, which would write the label instead of the name.
    names, state = list(datasets), st.session_state
    candidates = [st.query_params.get("dataset"), state.get(CHOSEN), names[0]]
    state[CHOSEN] = next(name for name in candidates if name in datasets)
    st.query_params["dataset"] = state[CHOSEN]
    shared: dict[str, Any] = {
        "format_func": lambda name: dataset_title(name, datasets[name].simulated),
        "key": CHOSEN,
        "on_change": _take_choice,
        "label_visibility": "collapsed",
        "required": True,
    }
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        if len(names) <= MOST_PILLS:
            chosen = st.pills("Dataset", names, **shared)
        else:
            chosen = st.selectbox("Dataset", names, **shared)
        st.button("Add a dataset", on_click=start_adding)
    return str(chosen) if chosen in datasets else names[0]


def _take_choice() -> None:
    if st.session_state[CHOSEN] is not None:
        st.query_params["dataset"] = st.session_state[CHOSEN]
        for name in (OPEN, GALAXY):  # they belong to the previous dataset
            st.query_params.pop(name, None)


def _draw_head(dataset: Dataset) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        headline(count(dataset.n), head_words(dataset), dataset.description)
        if st.button("Train on this dataset", type="primary"):
            go("launch", on=dataset.name, preset="demo-60s" if dataset.simulated else "laptop-base")


def head_words(dataset: Dataset) -> str:
    """The description that follows the number of galaxies."""
    kind = "simulated galaxies" if dataset.simulated else "galaxies"
    bands = " ".join(dataset.bands) if len(dataset.bands) > 1 else f"one band, {dataset.bands[0]}"
    n = len(dataset.class_names)
    classes = f"{n} {'class' if n == 1 else 'classes'}" if n else "no labels"
    side = dataset.img_size
    return f"{kind} · {side} × {side} px · {bands} · {classes} · {size(dataset.size_bytes)}"
