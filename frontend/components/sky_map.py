"""The positions of a dataset's galaxies on the sky."""

from frontend.components import load_component
from frontend.components.galaxy_grid import picture_source
from shared.contract.datasets import Dataset

_SKY = load_component("sky_map")


def draw_sky_map(dataset: Dataset, galaxy: int | None) -> None:
    """Draw up to 20,000 galaxies with coordinates and mark one row; the browser fetches them."""
    _SKY(data={**picture_source(dataset), "galaxy": galaxy}, key="sky_map")
