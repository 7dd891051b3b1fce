"""Pairs of near-duplicates in different splits."""

from frontend.components import load_component
from frontend.components.galaxy_grid import picture_source
from shared.contract.datasets import Dataset, DuplicatePair

_PAIRS = load_component("twin_pairs", parts=("galaxy_dialog",))


def draw_twin_pairs(dataset: Dataset, pairs: list[DuplicatePair]) -> None:
    """Draws the pairs side by side; a click opens one of the two."""
    data = {**picture_source(dataset), "pairs": [pair.model_dump(mode="json") for pair in pairs]}
    _PAIRS(data=data, key="twin_pairs")
