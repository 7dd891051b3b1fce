"""The labels of a dataset that are flagged as doubtful."""

from frontend.components import load_component
from frontend.components.galaxy_grid import picture_source
from shared.contract.datasets import Dataset

_LIST = load_component("flag_list", parts=("galaxy_dialog", "label_flags"))


def draw_flag_list(dataset: Dataset) -> None:
    """Draws them newest first; the browser asks for them itself."""
    _LIST(data=picture_source(dataset), key="flag_list")
