"""Pairs of near-duplicates across splits."""

from frontend.ui.components import load_component
from frontend.ui.galaxies.galaxy_grid import picture_source
from shared.contract.datasets import Dataset, DuplicatePair

_PAIRS = load_component(__file__)


def draw_duplicate_pairs(dataset: Dataset, pairs: list[DuplicatePair]) -> None:
    """Draw the pairs side by side; a click opens a galaxy."""
    data = {**picture_source(dataset), "pairs": [pair.model_dump(mode="json") for pair in pairs]}
    _PAIRS(data=data, key="duplicate_pairs")
