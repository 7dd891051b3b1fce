"""The positions of a dataset's galaxies on the sky."""

from frontend.ui.components import load_component
from frontend.ui.galaxies.galaxy_grid import picture_source
from shared.contract.datasets import Dataset

_SKY = load_component(__file__)


def draw_sky_map(dataset: Dataset, galaxy: int | None) -> None:
    """Draw up to 20,000 galaxies with coordinates and mark one row; the browser fetches them."""
    _SKY(data={**picture_source(dataset), "galaxy": galaxy}, key="sky_map")
