"""ROC and precision–recall of each class against the rest."""

from collections.abc import Callable

import streamlit as st

from frontend.components import load_component

KEY = "class_curves"
_CURVES = load_component(KEY, parts=("palette", "svg_chart"))


def draw_class_curves(evaluation: str, chosen: str | None, *, on_pick: Callable[[str | None], None]) -> None:
    """Draws the curves of an evaluation, that of `chosen` before the others; the browser asks for them.
    Before the next rerun `on_pick` gets the class that was clicked, None where it was the chosen one."""

    def picked() -> None:
        said = st.session_state[KEY].get("pick")
        if said:
            on_pick(said["name"])

    _CURVES(data={"evaluation": evaluation, "chosen": chosen}, key=KEY, on_pick_change=picked)
