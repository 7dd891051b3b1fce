"""A page of galaxies as a grid of pictures."""

from typing import Any

from frontend.components import load_component
from frontend.session import selected_run
from shared.contract.datasets import Dataset, GalaxyPage

_GRID = load_component("galaxy_grid", parts=("galaxy_dialog",))


def picture_source(dataset: Dataset) -> dict[str, Any]:
    """What a component needs to fetch pictures of this dataset, to open one of its galaxies, and to lead
    from it to the selected run."""
    return {
        "dataset": dataset.name,
        "version": f"{dataset.digest[:12]}-{dataset.created_at:%Y%m%d%H%M%S}",
        "img_size": dataset.img_size,
        "simulated": dataset.simulated,
        "run": selected_run(),
    }


def draw_galaxy_grid(dataset: Dataset, page: GalaxyPage) -> None:
    """Draws the galaxies of one page; the browser fetches the pictures itself."""
    galaxies = [galaxy.model_dump(mode="json") for galaxy in page.galaxies]
    data = {**picture_source(dataset), "labelled": bool(dataset.class_names), "galaxies": galaxies}
    _GRID(data=data, key="galaxy_grid")
