"""Predictions of an evaluation as a grid of galaxies."""

from collections.abc import Mapping
from typing import Any

from frontend.ui.components import load_component
from frontend.ui.galaxies.galaxy_grid import picture_source
from shared.contract.datasets import Dataset
from shared.contract.evaluations import Evaluation

_GRID = load_component(__file__)


def draw_prediction_grid(
    one: Evaluation,
    view: Mapping[str, Any],
    browser_seq: int | None,
    dataset: Dataset | None,
    encoder: str | None,
) -> None:
    """Draw the galaxies of `view`, without images if `dataset` is None; the browser fetches them, those of
    another cell as soon as it is clicked. `encoder` is the run used for links to reconstructions."""
    data = {
        "evaluation": one.id,
        "dataset": one.dataset,
        "of": picture_source(dataset) if dataset is not None else None,
        "encoder": encoder,
        "classes": one.class_names,
        "view": view,
        "browser_seq": browser_seq,
    }
    _GRID(data=data, key="prediction_grid")
