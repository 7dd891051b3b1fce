"""Evaluations of one encoder on one dataset, with their references."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from frontend.features.evaluate.published import Published
from frontend.ui.browser_view import on_trigger
from frontend.ui.components import load_component

KEY = "score_table"
_TABLE = load_component(__file__)


def draw_score_table(
    rows: Sequence[dict[str, Any]],
    published: Sequence[Published],
    chosen: str,
    *,
    caption: str,
    estimator: str,
    notes: Sequence[tuple[str, list[str]]],
    on_pick: Callable[[str], None],
) -> None:
    """Draw the rows (see frontend.ui.evaluation_rows); `on_pick` gets the id of the clicked evaluation before
    the next rerun."""
    data = {
        "rows": list(rows),
        "published": [asdict(one) for one in published],
        "chosen": chosen,
        "caption": caption,
        "estimator": estimator,
        "notes": [list(note) for note in notes],
    }
    _TABLE(data=data, key=KEY, on_pick_change=on_trigger(KEY, "pick", on_pick))
