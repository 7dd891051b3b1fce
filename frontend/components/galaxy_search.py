"""A galaxy, and those that are like it: search, pivot, examples, filters."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from frontend.app_pages.search_url import SIZES
from frontend.components import load_component
from frontend.components.galaxy_grid import picture_source
from shared.datasets import Dataset, Split
from shared.runs import Run
from shared.search import EmbeddingState

PARTS = ("net", "space", "compare", "query", "filters", "tiles")
KEY = "galaxy_search"
_SEARCH = load_component(
    KEY, parts=("galaxy_dialog", "picking", "keeping", *(f"{KEY}_{part}" for part in PARTS))
)


def draw_galaxy_search(
    view: Mapping[str, Any],
    told: int | None,
    runs: Sequence[Run],
    datasets: Sequence[Dataset],
    state: EmbeddingState | None,
    *,
    on_view: Callable[[Mapping[str, Any], int], None],
) -> None:
    """Draws the search; results go from the API to the browser. `told`, `on_view`: as draw_mask_scrubber."""

    def heard() -> None:
        said = st.session_state[KEY].get("view")
        if said:
            on_view(dict(said["view"]), int(said["n"]))

    data = {
        "view": view,
        "told": told,
        "sizes": SIZES,
        "state": state.model_dump(mode="json") if state is not None else None,
        "runs": [
            {"id": run.id, "title": run.name or run.id, "dataset": run.dataset, "kind": run.kind}
            for run in runs
        ],
        "datasets": [_described(dataset) for dataset in datasets],
    }
    _SEARCH(data=data, key=KEY, on_view_change=heard)


def _described(dataset: Dataset) -> dict[str, Any]:
    return {
        **picture_source(dataset),
        "name": dataset.name,
        "n": dataset.n,
        "class_names": dataset.class_names,
        "unlabelled": dataset.unlabelled,
        "splits": [str(split) for split in Split if dataset.split_counts.get(split)],
        "redshift_range": dataset.redshift_range,
        "with_sky": dataset.with_sky,
    }
