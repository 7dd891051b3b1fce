"""A page of galaxies as a grid of images."""

from typing_extensions import TypedDict

from frontend.ui.components import load_component
from frontend.ui.session import selected_run
from shared.contract.datasets import Dataset, GalaxyPage

_GRID = load_component(__file__)


class PictureSource(TypedDict):
    """What a component needs to fetch images of a dataset, open a galaxy, and link to the selected run."""

    dataset: str
    version: str
    img_size: int
    simulated: bool
    run: str | None


def picture_source(dataset: Dataset) -> PictureSource:
    return {
        "dataset": dataset.name,
        "version": f"{dataset.digest[:12]}-{dataset.created_at:%Y%m%d%H%M%S}",
        "img_size": dataset.img_size,
        "simulated": dataset.simulated,
        "run": selected_run(),
    }


def draw_galaxy_grid(dataset: Dataset, page: GalaxyPage) -> None:
    """Draw the galaxies of one page; the browser fetches the images."""
    galaxies = [galaxy.model_dump(mode="json") for galaxy in page.galaxies]
    data = {**picture_source(dataset), "labelled": bool(dataset.class_names), "galaxies": galaxies}
    _GRID(data=data, key="galaxy_grid")
