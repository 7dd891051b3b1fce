"""The state of the Compare page as its address holds it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import streamlit as st
from pydantic import Field

from frontend.address import Address

TOLD = "compare_told"


class View(Address):
    """How curves are drawn: `x` along the axis, runs that differ in their seed only as one (`group`) with a
    `band` around their mean, at most `most` runs, newest first; of fine-tuning the FLOPs of its encoder's
    `pretraining` too."""

    x: Literal["step", "epoch", "time", "images", "flops"] = "step"
    smoothing: float = Field(0.6, ge=0, le=0.98)
    log: bool = True
    group: bool = True
    band: Literal["std", "range"] = "std"
    most: int = Field(10, ge=1, le=50)
    pretraining: bool = False


def current_view() -> View:
    """What the address says now."""
    return View.from_query(st.query_params.to_dict())


def take_view(said: Mapping[str, Any], n: int) -> None:
    """What was chosen above the curves: the browser's own word, not news to it."""
    view = View.model_validate(said)
    query = view.to_query()
    for name in View.model_fields:
        _put(name, query.get(name))
    st.session_state[TOLD] = (n, view)


def told(view: View) -> int | None:
    """The number of the browser's word that this view repeats; None where it came another way."""
    n, said = st.session_state.get(TOLD, (None, None))
    return n if said == view else None


def listed(name: str) -> list[str]:
    """The words of a list in the address, each once."""
    return list(dict.fromkeys(word for word in st.query_params.get(name, "").split(",") if word))


def put_list(name: str, words: Sequence[str]) -> None:
    """Writes a list into the address; an empty one leaves it."""
    _put(name, ",".join(words) or None)


def _put(name: str, value: str | None) -> None:
    if value is None:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != value:
        st.query_params[name] = value
