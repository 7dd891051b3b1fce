"""Pixel values of each band, as histogram and figures."""

from frontend.components import load_component
from shared.contract.datasets import PixelStatistics

_HISTOGRAMS = load_component("band_histograms", parts=("palette",))


def draw_band_histograms(statistics: PixelStatistics) -> None:
    """Draws all bands over one axis, with mean, spread and ends in a table below."""
    _HISTOGRAMS(data=statistics.model_dump(mode="json"), key="band_histograms")
