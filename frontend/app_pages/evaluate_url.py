"""The state of the Evaluate page as its address holds it."""

from collections.abc import Mapping
from typing import Any, Literal

import streamlit as st
from pydantic import Field, ValidationInfo, field_validator

from frontend.address import Address
from shared.base.vocabulary import Split
from shared.contract.evaluations import PredictionOrder

Numbers = Literal["counts", "true", "predicted", "difference"]
CELL = {"true": None, "predicted": None, "page": 1}
TOLD = "evaluate_told"


class Look(Address):
    """What is looked at. `run` is the encoder, `against` an evaluation to compare with; `true` and
    `predicted` name the classes whose galaxies are shown (None: all), `shown` the numbers in the matrix,
    `classes` their order; `min` and `max` bound the confidence, per cent, `flagged` keeps the galaxies whose
    label is flagged as doubtful."""

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


def current_look() -> Look:
    """What the address says now."""
    return Look.from_query(st.query_params.to_dict())


def change_look(**changes: Any) -> None:
    """Writes a change into the address."""
    look = Look.model_validate(current_look().model_dump() | changes)
    st.query_params.from_dict(look.to_query())


def take_matrix(said: Mapping[str, Any], n: int) -> None:
    """What was chosen on the matrix: the browser's own word, not news to it."""
    look = current_look()
    moved = (said["true"], said["predicted"]) != (look.true, look.predicted)
    change_look(**said, **({"page": 1} if moved else {}))
    st.session_state[TOLD] = (n, matrix_look(current_look()))


def matrix_look(look: Look) -> dict[str, Any]:
    """What the matrix draws of a look."""
    return {name: getattr(look, name) for name in ("shown", "classes", "true", "predicted")}


def told(look: Look) -> int | None:
    """The number of the browser's word that this look repeats; None where it came another way."""
    n, said = st.session_state.get(TOLD, (None, None))
    return n if said == matrix_look(look) else None
