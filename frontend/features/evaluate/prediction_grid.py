"""Predictions of an evaluation as a grid of galaxies."""

from frontend.ui.components import load_component
from frontend.ui.galaxies.galaxy_grid import picture_source
from shared.contract.datasets import Dataset
from shared.contract.evaluations import PredictionPage

_GRID = load_component(__file__)


def draw_prediction_grid(page: PredictionPage, dataset: Dataset | None, encoder: str | None) -> None:
    """Draw one page of predictions, without images if `dataset` is None. `encoder` is the run used for links
    to reconstructions."""
    data = {
        "of": picture_source(dataset) if dataset is not None else None,
        "encoder": encoder,
        "classes": page.class_names,
        "predictions": [one.model_dump(mode="json", exclude={"flag"}) for one in page.predictions],
        "flags": {
            "total": page.flags,
            "rows": [(one.row, one.flag) for one in page.predictions if one.flag is not None],
        },
    }
    _GRID(data=data, key="prediction_grid")
