"""The state of the Compare page, as stored in its address."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import streamlit as st
from pydantic import Field

from frontend.ui.address import Address

ECHO = "compare_echo"


class CompareView(Address):
    """How curves are drawn: `x` is the horizontal axis; `group` draws runs that differ only in their seed as
    their mean with a `band`; `most` limits the number of runs, newest first; `pretraining` adds the FLOPs of
    the encoder's pretraining to a fine-tuning."""

    x: Literal["step", "epoch", "time", "images", "flops"] = "step"
    smoothing: float = Field(0.6, ge=0, le=0.98)
    log: bool = True
    group: bool = True
    band: Literal["std", "range"] = "std"
    most: int = Field(10, ge=1, le=50)
    pretraining: bool = False


def current_view() -> CompareView:
    """The view in the address."""
    return CompareView.from_query(st.query_params.to_dict())


def on_change(values: Mapping[str, Any], seq: int) -> None:
    """Store a view the browser sent, with its sequence number."""
    view = CompareView.model_validate(values)
    query = view.to_query()
    for name in CompareView.model_fields:
        _put(name, query.get(name))
    st.session_state[ECHO] = (seq, view)


def browser_seq(view: CompareView) -> int | None:
    """The sequence number under which the browser sent this view; None if it came from elsewhere."""
    seq, sent = st.session_state.get(ECHO, (None, None))
    return seq if sent == view else None


def listed(name: str) -> list[str]:
    """The distinct items of a list in the address."""
    return list(dict.fromkeys(word for word in st.query_params.get(name, "").split(",") if word))


def put_list(name: str, words: Sequence[str]) -> None:
    """Write a list into the address; an empty list removes it."""
    _put(name, ",".join(words) or None)


def _put(name: str, value: str | None) -> None:
    if value is None:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != value:
        st.query_params[name] = value
