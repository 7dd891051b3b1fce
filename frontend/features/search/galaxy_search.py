"""Similarity search: a query galaxy, its neighbours, examples and filters."""

from collections.abc import Sequence

from typing_extensions import TypedDict

from frontend.features.search.url import SIZES, SearchView
from frontend.ui.browser_view import BrowserView
from frontend.ui.components import load_component
from frontend.ui.galaxies.galaxy_grid import PictureSource, picture_source
from frontend.ui.own_dataset import RunOption, run_option
from shared.base.vocabulary import Split
from shared.contract.datasets import Dataset
from shared.contract.runs import Run
from shared.contract.search import EmbeddingState

KEY = "galaxy_search"
_SEARCH = load_component(__file__)
ADDRESS = BrowserView(SearchView)


class SearchedDataset(PictureSource):
    """A dataset as an option, with the values of its filters."""

    name: str
    n: int
    class_names: list[str]
    unlabelled: int
    splits: list[Split]
    redshift_range: tuple[float, float] | None
    with_sky: int


class SearchData(TypedDict):
    """What both views of the page get besides their address: `sizes` are the numbers of results."""

    state: EmbeddingState | None
    runs: list[RunOption]
    datasets: list[SearchedDataset]
    sizes: tuple[int, ...]


def draw_galaxy_search(
    view: SearchView, runs: Sequence[Run], datasets: Sequence[Dataset], state: EmbeddingState | None
) -> None:
    """Draw the search; the browser fetches the results."""
    ADDRESS.mount(_SEARCH, KEY, view, search_data(runs, datasets, state))


def search_data(runs: Sequence[Run], datasets: Sequence[Dataset], state: EmbeddingState | None) -> SearchData:
    """The data a component needs to select a space and query it."""
    return {
        "state": state,
        "runs": [run_option(run, datasets) for run in runs],
        "datasets": [_dataset_option(dataset) for dataset in datasets],
        "sizes": SIZES,
    }


def _dataset_option(dataset: Dataset) -> SearchedDataset:
    return {
        **picture_source(dataset),
        "name": dataset.name,
        "n": dataset.n,
        "class_names": dataset.class_names,
        "unlabelled": dataset.unlabelled,
        "splits": [split for split in Split if dataset.split_counts.get(split)],
        "redshift_range": dataset.redshift_range,
        "with_sky": dataset.with_sky,
    }
