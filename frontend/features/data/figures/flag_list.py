"""Labels of a dataset flagged as doubtful."""

from frontend.ui.components import load_component
from frontend.ui.galaxies.galaxy_grid import picture_source
from shared.contract.datasets import Dataset

_LIST = load_component(__file__)


def draw_flag_list(dataset: Dataset) -> None:
    """Draw the flags, newest first; the browser fetches them."""
    _LIST(data=picture_source(dataset), key="flag_list")
