"""The collections of a dataset."""

from frontend.ui.components import load_component
from frontend.ui.galaxies.galaxy_grid import picture_source
from shared.contract.datasets import Dataset

_LIST = load_component(__file__)


def draw_collection_list(dataset: Dataset) -> None:
    """Draw the collections, most recently changed first; the browser fetches them."""
    _LIST(data=picture_source(dataset), key="collection_list")
