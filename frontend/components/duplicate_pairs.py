"""Pairs of near-duplicates across splits."""

from frontend.components import load_component
from frontend.components.galaxy_grid import picture_source
from shared.contract.datasets import Dataset, DuplicatePair

_PAIRS = load_component("duplicate_pairs")


def draw_duplicate_pairs(dataset: Dataset, pairs: list[DuplicatePair]) -> None:
    """Draw the pairs side by side; a click opens a galaxy."""
    data = {**picture_source(dataset), "pairs": [pair.model_dump(mode="json") for pair in pairs]}
    _PAIRS(data=data, key="duplicate_pairs")
