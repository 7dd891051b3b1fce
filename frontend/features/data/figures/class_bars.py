"""The class histogram of a dataset."""

from collections.abc import Callable

import streamlit as st

from frontend.ui.components import load_component

KEY = "class_bars"
_BARS = load_component(__file__)


def draw_class_bars(
    counts: dict[str, int], total: int, selected: str | None, *, on_pick: Callable[[str], None]
) -> None:
    """Draw the counts; `on_pick` gets the clicked class, "" for none, before the next rerun."""

    def picked() -> None:
        name = st.session_state[KEY].get("pick")
        if name is not None:
            on_pick(str(name))

    data = {"counts": list(counts.items()), "total": max(total, 1), "selected": selected}
    _BARS(data=data, key=KEY, on_pick_change=picked)
