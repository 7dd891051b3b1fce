"""A confusion matrix whose cells select galaxies."""

from collections.abc import Mapping
from typing import Any

from frontend.features.evaluate.url import ADDRESS, EvaluateView
from frontend.ui.components import load_component

KEY = "confusion_matrix"
_MATRIX = load_component(__file__)


def draw_confusion_matrix(matrix: Mapping[str, Any], view: EvaluateView) -> None:
    """Draw `matrix` (see words.matrix_data) with the cell of `view`. The matrix also reports the pages and
    samples that the grid of galaxies turns to."""
    ADDRESS.mount(_MATRIX, KEY, view, {"matrix": matrix})
