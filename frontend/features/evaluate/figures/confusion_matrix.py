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
    """Draw `matrix` (see words.matrix_data) with the cell of `view`. The matrix also reports the pages and
    samples that the grid of galaxies turns to. For `browser_seq` and `on_change` see draw_mask_scrubber."""

    def changed() -> None:
        sent = st.session_state[KEY].get("view")
        if sent:
            on_change(sent, int(sent["seq"]))

    data = {"matrix": matrix, "view": view, "browser_seq": browser_seq}
    _MATRIX(data=data, key=KEY, on_view_change=changed)
