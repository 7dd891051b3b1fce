"""Curves and figures of several runs, over each other."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from frontend.components import load_component

KEY = "compare_curves"
PARTS = (
    "palette", "curves_data", "compare_axes", "compare_lines", "compare_chart", "compare_feeds",
    "compare_pointer", "compare_tools", "compare_scores",
)  # fmt: skip
_CURVES = load_component(KEY, parts=PARTS)


def draw_compare_curves(
    runs: list[dict[str, Any]],
    groups: list[dict[str, Any]],
    keys: list[str],
    look: Mapping[str, Any],
    told: int | None,
    *,
    on_look: Callable[[Mapping[str, Any], int], None],
) -> None:
    """Draws `keys` of `runs` (newest first; see frontend.comparison) as `look` says; the browser fetches the
    points itself. `told` is the number of the browser's word that `look` repeats, None where it is news to
    it; before the next rerun `on_look` gets what was chosen, and its number."""

    def heard() -> None:
        said = st.session_state[KEY].get("look")
        if said:
            on_look({name: said[name] for name in look}, int(said["n"]))

    data = {"runs": runs, "groups": groups, "keys": keys, "look": dict(look), "told": told}
    _CURVES(data=data, key=KEY, on_look_change=heard)
