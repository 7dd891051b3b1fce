"""A config field as a widget whose value is kept for the whole session."""

from math import floor, log10
from typing import Any

import streamlit as st

from frontend.ui.blocks import wrong
from frontend.ui.config_form import FieldSpec

KEEP: dict[str, Any] = {"persist_state": "session"}


def draw_setting(spec: FieldSpec, key: str, *, empty: str = "", error: str = "") -> None:
    """The widget, with its value under `key` in the session; `empty` is the placeholder, `error` the error
    shown below."""
    if st.session_state.get(key) is None and not spec.optional:
        st.session_state[key] = starting_value(spec)
    shared: dict[str, Any] = {"key": key, "help": spec.tooltip, **KEEP}
    if spec.kind == "int":
        st.number_input(spec.label, value=None, step=1, placeholder=empty, **shared)
    elif spec.kind == "float":
        st.number_input(
            spec.label, value=None, step=_step(spec.default), format="%g", placeholder=empty, **shared
        )
    elif spec.kind == "bool":
        st.toggle(spec.label, **shared)
    elif spec.kind == "choice":
        st.selectbox(spec.label, spec.choices, **shared)
    else:
        st.text_input(spec.label, placeholder=empty, live=True, **shared)
    if error:
        wrong(error)


def starting_value(spec: FieldSpec) -> Any:
    """The initial value of the widget of a field."""
    if spec.kind == "text":
        return spec.default or ""
    return float(spec.default) if spec.kind == "float" and spec.default is not None else spec.default


def _step(default: Any) -> float:
    """Half the power of ten below the default: 0.05 for 0.75."""
    return 0.5 * 10.0 ** floor(log10(default)) if default else 0.01
