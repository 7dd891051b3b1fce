"""The state of the Evaluate page, as stored in its address."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from frontend.ui.address import Address
from frontend.ui.browser_view import BrowserView
from shared.base.vocabulary import Split
from shared.contract.evaluations import PredictionOrder

Numbers = Literal["counts", "true", "predicted", "difference"]
CELL = {"true": None, "predicted": None, "page": 1}


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


ADDRESS = BrowserView(EvaluateView, set(EvaluateView.model_fields) - {"run", "evaluation", "against"})
"""Matrix and grid of galaxies show these fields; they change those of the cell, its page and its sample."""
