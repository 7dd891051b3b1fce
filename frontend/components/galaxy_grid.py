"""A page of galaxies as a grid of pictures."""

from frontend.components import load_component
from shared.datasets import Dataset, GalaxyPage

_GRID = load_component("galaxy_grid")


def draw_galaxy_grid(dataset: Dataset, page: GalaxyPage) -> None:
    """Draws the galaxies of one page; the browser fetches the pictures itself."""
    data = {
        "dataset": dataset.name,
        "img_size": dataset.img_size,
        "simulated": dataset.simulated,
        "galaxies": [galaxy.model_dump(mode="json") for galaxy in page.galaxies],
    }
    _GRID(data=data, key="galaxy_grid")
