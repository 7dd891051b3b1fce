"""Choosing an import source from the folders of the server."""

from collections.abc import Callable

import streamlit as st

from frontend.ui.components import load_component

_CHOOSER = load_component(__file__)


def draw_folder_chooser(key: str, *, on_choose: Callable[[str], None]) -> None:
    """Draw the folders; `on_choose` gets the chosen path before the next rerun."""

    def chosen() -> None:
        path = st.session_state[key].get("choose")
        if path:
            on_choose(str(path))

    _CHOOSER(key=key, on_choose_change=chosen)
