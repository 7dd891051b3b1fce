"""Sweep results: a line plot for one axis, parallel coordinates for several, and a table."""

from collections.abc import Callable
from typing import Any

from frontend.ui.browser_view import on_trigger
from frontend.ui.components import load_component

KEY = "sweep_results"
_RESULTS = load_component(__file__)


def draw_sweep_results(data: dict[str, Any], on_pick: Callable[[str], None]) -> None:
    """Draw the results (see rows.py); `on_pick` gets the clicked run before the next rerun."""
    _RESULTS(data=data, key=KEY, on_pick_change=on_trigger(KEY, "pick", on_pick))
