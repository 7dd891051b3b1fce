"""Labels of a dataset flagged as doubtful."""

from frontend.components import load_component
from frontend.components.galaxy_grid import picture_source
from shared.contract.datasets import Dataset

_LIST = load_component("flag_list")


def draw_flag_list(dataset: Dataset) -> None:
    """Draw the flags, newest first; the browser fetches them."""
    _LIST(data=picture_source(dataset), key="flag_list")
