"""Predictions of an evaluation as a grid of galaxies."""

from frontend.features.evaluate.url import ADDRESS, EvaluateView
from frontend.ui.components import load_component
from frontend.ui.galaxies.galaxy_grid import picture_source
from shared.contract.datasets import Dataset
from shared.contract.evaluations import Evaluation

_GRID = load_component(__file__)


def draw_prediction_grid(
    one: Evaluation, view: EvaluateView, dataset: Dataset | None, encoder: str | None
) -> None:
    """Draw the galaxies of `view`, without images if `dataset` is None; the browser fetches them, those of
    another cell as soon as it is clicked. `encoder` is the run used for links to reconstructions."""
    data = {
        "evaluation": one.id,
        "dataset": one.dataset,
        "of": picture_source(dataset) if dataset is not None else None,
        "encoder": encoder,
        "classes": one.class_names,
    }
    ADDRESS.mount(_GRID, "prediction_grid", view, data)
