"""Overlaid curves of several runs, and their figures."""

from typing import Any

from frontend.features.compare.url import ADDRESS, CompareView
from frontend.ui.components import load_component

KEY = "compare_curves"
_CURVES = load_component(__file__)


def draw_compare_curves(
    runs: list[dict[str, Any]], groups: list[dict[str, Any]], keys: list[str], view: CompareView
) -> None:
    """Draw `keys` of `runs` (newest first; see comparison.py) with the settings of `view`; the browser
    fetches the points."""
    ADDRESS.mount(_CURVES, KEY, view, {"runs": runs, "groups": groups, "keys": keys})
