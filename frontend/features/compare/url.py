"""The state of the Compare page, as stored in its address."""

from collections.abc import Sequence
from typing import Literal

import streamlit as st
from pydantic import Field

from frontend.ui.address import Address
from frontend.ui.browser_view import BrowserView


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


ADDRESS = BrowserView(CompareView)


def listed(name: str) -> list[str]:
    """The distinct items of a list in the address."""
    return list(dict.fromkeys(word for word in st.query_params.get(name, "").split(",") if word))


def put_list(name: str, words: Sequence[str]) -> None:
    """Write a list into the address; an empty list removes it."""
    if words:
        st.query_params[name] = ",".join(words)
    else:
        st.query_params.pop(name, None)
