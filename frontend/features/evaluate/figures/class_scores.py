"""Precision, recall and F1 of each class."""

from collections.abc import Callable, Sequence
from typing import Any

from frontend.ui.browser_view import on_trigger
from frontend.ui.components import load_component

KEY = "class_scores"
_SCORES = load_component(__file__)


def draw_class_scores(rows: Sequence[dict[str, Any]], *, on_pick: Callable[[str], None]) -> None:
    """Draw the rows (see evaluation_words.class_rows); `on_pick` gets the clicked class before the next
    rerun."""
    _SCORES(data={"rows": list(rows)}, key=KEY, on_pick_change=on_trigger(KEY, "pick", on_pick))
