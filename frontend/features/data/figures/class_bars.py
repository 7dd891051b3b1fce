"""The class histogram of a dataset."""

from collections.abc import Callable

from frontend.ui.browser_view import on_trigger
from frontend.ui.components import load_component

KEY = "class_bars"
_BARS = load_component(__file__)


def draw_class_bars(
    counts: dict[str, int], total: int, selected: str | None, *, on_pick: Callable[[str], None]
) -> None:
    """Draw the counts; `on_pick` gets the clicked class, "" for none, before the next rerun."""
    data = {"counts": list(counts.items()), "total": max(total, 1), "selected": selected}
    _BARS(data=data, key=KEY, on_pick_change=on_trigger(KEY, "pick", on_pick))
