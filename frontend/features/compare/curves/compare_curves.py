"""Overlaid curves of several runs, and their figures."""

from frontend.features.compare.comparison import CompareData
from frontend.features.compare.url import ADDRESS, CompareView
from frontend.ui.components import load_component

KEY = "compare_curves"
_CURVES = load_component(__file__)


def draw_compare_curves(data: CompareData, view: CompareView) -> None:
    """Draw the curves with the settings of `view`; the browser fetches the points."""
    ADDRESS.mount(_CURVES, KEY, view, data)
