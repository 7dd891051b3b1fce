"""The collections of a dataset."""

from frontend.components import load_component
from frontend.components.galaxy_grid import picture_source
from shared.contract.datasets import Dataset

_LIST = load_component("collection_list")


def draw_collection_list(dataset: Dataset) -> None:
    """Draw the collections, most recently changed first; the browser fetches them."""
    _LIST(data=picture_source(dataset), key="collection_list")
