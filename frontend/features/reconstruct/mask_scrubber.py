"""Reconstructions of one galaxy that follow the mask-ratio slider."""

from collections.abc import Sequence

from typing_extensions import TypedDict

from frontend.features.reconstruct.url import ReconstructView
from frontend.ui.browser_view import BrowserView
from frontend.ui.components import load_component
from frontend.ui.galaxies.galaxy_grid import PictureSource, picture_source
from frontend.ui.own_dataset import RunOption, run_option
from shared.contract.datasets import Dataset
from shared.contract.runs import Run

KEY = "mask_scrubber"
_SCRUBBER = load_component(__file__)
ADDRESS = BrowserView(ReconstructView)


class NamedDataset(PictureSource):
    name: str
    n: int
    class_names: list[str]


class ScrubberData(TypedDict):
    runs: list[RunOption]
    datasets: list[NamedDataset]


def draw_mask_scrubber(view: ReconstructView, runs: Sequence[Run], datasets: Sequence[Dataset]) -> None:
    """Draw the viewer; the browser fetches the images."""
    data: ScrubberData = {
        "runs": [run_option(run, datasets) for run in runs],
        "datasets": [
            {
                **picture_source(dataset),
                "name": dataset.name,
                "n": dataset.n,
                "class_names": dataset.class_names,
            }
            for dataset in datasets
        ],
    }
    ADDRESS.mount(_SCRUBBER, KEY, view, data)
