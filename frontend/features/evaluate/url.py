"""The state of the Evaluate page, as stored in its address."""

from collections.abc import Mapping
from typing import Any, Literal

import streamlit as st
from pydantic import Field, ValidationInfo, field_validator

from frontend.ui.address import Address
from shared.base.vocabulary import Split
from shared.contract.evaluations import PredictionOrder

Numbers = Literal["counts", "true", "predicted", "difference"]
CELL = {"true": None, "predicted": None, "page": 1}
CHOSEN_IN_BROWSER = ("shown", "classes", "true", "predicted", "seed", "page")
ECHO = "evaluate_echo"


class EvaluateView(Address):
    """What the page shows. `run` is the encoder, `against` an evaluation to compare with; `true` and
    `predicted` are the classes of the galaxies shown (None: all), `shown` the numbers in the matrix,
    `classes` their order; `min` and `max` bound the confidence in per cent; `flagged` shows only galaxies
    with a flagged label."""

    run: str | None = None
    evaluation: str | None = None
    against: str | None = None
    shown: Numbers = "true"
    classes: Literal["given", "similar"] = "given"
    true: str | None = None
    predicted: str | None = None
    order: PredictionOrder = PredictionOrder.CONFIDENT
    split: Split = Split.TEST
    flagged: bool = False
    min: int = Field(0, ge=0, le=100)
    max: int = Field(100, ge=0, le=100)
    seed: int = Field(0, ge=0, lt=2**31)
    page: int = Field(1, ge=1, le=100_000)

    @field_validator("max")
    @classmethod
    def _not_below_min(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data.get("min", 0):
            raise ValueError("max is below min")
        return value


def current_view() -> EvaluateView:
    """The view in the address."""
    return EvaluateView.from_query(st.query_params.to_dict())


def change_view(**changes: Any) -> None:
    """Write a change into the address."""
    view = EvaluateView.model_validate(current_view().model_dump() | changes)
    st.query_params.from_dict(view.to_query())


def on_browser_change(values: Mapping[str, Any], seq: int) -> None:
    """Store a choice on the matrix or in the grid, with the sequence number of the browser."""
    change_view(**{name: values[name] for name in CHOSEN_IN_BROWSER})
    st.session_state[ECHO] = (seq, browser_view(current_view()))


def browser_view(view: EvaluateView) -> dict[str, Any]:
    """The part of the view that matrix and grid show."""
    return view.model_dump(mode="json", exclude={"run", "evaluation", "against"})


def browser_seq(view: EvaluateView) -> int | None:
    """The sequence number under which the browser sent this view; None if it came from elsewhere."""
    seq, sent = st.session_state.get(ECHO, (None, None))
    return seq if sent == browser_view(view) else None
