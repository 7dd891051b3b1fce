"""Overlaid curves of several runs, and their figures."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from frontend.ui.components import load_component

KEY = "compare_curves"
_CURVES = load_component(__file__)


def draw_compare_curves(
    runs: list[dict[str, Any]],
    groups: list[dict[str, Any]],
    keys: list[str],
    view: Mapping[str, Any],
    browser_seq: int | None,
    *,
    on_change: Callable[[Mapping[str, Any], int], None],
) -> None:
    """Draw `keys` of `runs` (newest first; see comparison.py) with the settings of `view`; the browser
    fetches the points. For `browser_seq` and `on_change` see draw_mask_scrubber."""

    def changed() -> None:
        sent = st.session_state[KEY].get("view")
        if sent:
            on_change({name: sent[name] for name in view}, int(sent["seq"]))

    data = {"runs": runs, "groups": groups, "keys": keys, "view": dict(view), "browser_seq": browser_seq}
    _CURVES(data=data, key=KEY, on_view_change=changed)
