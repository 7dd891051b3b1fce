"""A confusion matrix whose cells select galaxies."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from frontend.ui.components import load_component

KEY = "confusion_matrix"
_MATRIX = load_component(__file__)


def draw_confusion_matrix(
    matrix: Mapping[str, Any],
    view: Mapping[str, Any],
    browser_seq: int | None,
    *,
    on_change: Callable[[Mapping[str, Any], int], None],
) -> None:
    """Draw `matrix` (see evaluation_words.matrix_data); `view` has the fields shown, classes, true and
    predicted. For `browser_seq` and `on_change` see draw_mask_scrubber."""

    def changed() -> None:
        sent = st.session_state[KEY].get("view")
        if sent:
            chosen = {name: sent.get(name) for name in ("shown", "classes", "true", "predicted")}
            on_change(chosen, int(sent["seq"]))

    data = {"matrix": matrix, "view": view, "browser_seq": browser_seq}
    _MATRIX(data=data, key=KEY, on_view_change=changed)
