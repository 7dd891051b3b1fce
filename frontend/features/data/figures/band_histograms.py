"""Histograms and statistics of pixel values by band."""

from frontend.ui.components import load_component
from shared.contract.datasets import PixelStatistics

_HISTOGRAMS = load_component(__file__)


def draw_band_histograms(statistics: PixelStatistics) -> None:
    """Draw all bands on one axis, with a table of statistics below."""
    _HISTOGRAMS(data=statistics.model_dump(mode="json"), key="band_histograms")
