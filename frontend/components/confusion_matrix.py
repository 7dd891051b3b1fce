"""A confusion matrix that opens into galaxies."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from frontend.components import load_component

KEY = "confusion_matrix"
_MATRIX = load_component(KEY)


def draw_confusion_matrix(
    matrix: Mapping[str, Any],
    look: Mapping[str, Any],
    told: int | None,
    *,
    on_look: Callable[[Mapping[str, Any], int], None],
) -> None:
    """Draws `matrix` (see evaluation_words.matrix_data) as `look` says: shown, classes, true, predicted.
    `told` is the number of the browser's word that `look` repeats, None where it is news to it; before the
    next rerun `on_look` gets what was chosen, and its number."""

    def heard() -> None:
        said = st.session_state[KEY].get("view")
        if said:
            chosen = {name: said.get(name) for name in ("shown", "classes", "true", "predicted")}
            on_look(chosen, int(said["n"]))

    _MATRIX(data={"matrix": matrix, "look": look, "told": told}, key=KEY, on_view_change=heard)
