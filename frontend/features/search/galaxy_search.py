"""Similarity search: a query galaxy, its neighbours, examples and filters."""

from collections.abc import Sequence
from typing import Any

from frontend.features.search.url import SIZES, SearchView
from frontend.ui.browser_view import BrowserView
from frontend.ui.components import load_component
from frontend.ui.galaxies.galaxy_grid import picture_source
from frontend.ui.own_dataset import run_option
from shared.base.vocabulary import Split
from shared.contract.datasets import Dataset
from shared.contract.runs import Run
from shared.contract.search import EmbeddingState

KEY = "galaxy_search"
_SEARCH = load_component(__file__)
ADDRESS = BrowserView(SearchView)


def draw_galaxy_search(
    view: SearchView, runs: Sequence[Run], datasets: Sequence[Dataset], state: EmbeddingState | None
) -> None:
    """Draw the search; the browser fetches the results."""
    ADDRESS.mount(_SEARCH, KEY, view, search_data(runs, datasets, state) | {"sizes": SIZES})


def search_data(
    runs: Sequence[Run], datasets: Sequence[Dataset], state: EmbeddingState | None
) -> dict[str, Any]:
    """The data a component needs to select a space and query it."""
    return {
        "state": state.model_dump(mode="json") if state is not None else None,
        "runs": [run_option(run, datasets) for run in runs],
        "datasets": [_dataset_option(dataset) for dataset in datasets],
    }


def _dataset_option(dataset: Dataset) -> dict[str, Any]:
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
