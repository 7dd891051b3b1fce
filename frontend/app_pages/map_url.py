"""The state of the Map page as its address holds it."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import streamlit as st
from pydantic import Field

from frontend.address import Address
from shared.configs.probes import CHECKPOINT
from shared.contract.maps import ColourBy, Method
from shared.contract.search import EmbeddingSpace, OtherEncoder

TOLD = "map_told"
BROWSER = ("colour", "evaluation", "view", "view2", "galaxy", "step")
NUMBER = r"-?\d{1,9}(\.\d{1,9})?(e-?\d{1,2})?"
VIEW = rf"^{NUMBER},{NUMBER},{NUMBER}$"


class Beside(OtherEncoder):
    """The map beside the first; as a text, `:method` behind."""

    method: Method = "pca"


class Look(Address):
    """What is looked at: the space, how it became two dimensions, and what the browser shows of it: `colour`
    and the `evaluation` it may be of, `view` (x and y in the middle, width; None: all), `galaxy` a row,
    `step` the checkpoint that the slider is at (None: the one chosen). `beside` is a second map with its own
    `view2`; `turned` onto the first where both are PCAs."""

    RENAMED: ClassVar[Mapping[str, str]] = {"beside": "with"}

    run: str | None = None
    checkpoint: str = Field("best", pattern=CHECKPOINT)
    dataset: str | None = None
    depth: int | None = Field(None, ge=1, le=10_000)
    pooling: Literal["cls", "mean", "both"] = "mean"
    method: Method = "pca"
    colour: ColourBy = ColourBy.CLASS
    evaluation: str | None = None
    view: str | None = Field(None, pattern=VIEW)
    view2: str | None = Field(None, pattern=VIEW)
    galaxy: int | None = Field(None, ge=0)
    step: int | None = Field(None, ge=0)
    beside: Beside | None = None
    turned: bool = True

    def space(self) -> EmbeddingSpace:
        """Needs a run."""
        return EmbeddingSpace(
            run=self.run or "",
            checkpoint=self.checkpoint,
            dataset=self.dataset,
            depth=self.depth,
            pooling=self.pooling,
        )

    def in_browser(self) -> dict[str, Any]:
        """The part that the browser changes by itself."""
        return self.model_dump(mode="json", include=set(BROWSER))


def current_look() -> Look:
    """What the address says now."""
    return Look.from_query(st.query_params.to_dict())


def change_look(**changes: Any) -> None:
    """Writes a change into the address."""
    look = Look.model_validate(current_look().model_dump() | changes)
    st.query_params.from_dict(look.to_query())


def change_space(**changes: Any) -> None:
    """Another map: its view is its own, and so is that of one that is turned onto it."""
    change_look(view=None, view2=None, step=None, **changes)


def change_beside(**changes: Any) -> None:
    """Another second map, or none."""
    beside = current_look().beside
    values = (beside.model_dump() if beside else {}) | changes
    change_look(view2=None, beside=Beside.model_validate(values))


def take_look(said: Mapping[str, Any], n: int) -> None:
    """What the browser came to rest on: its own word, not news to it."""
    change_look(**said)
    st.session_state[TOLD] = (n, current_look().in_browser())


def told(look: Look) -> int | None:
    """The number of the browser's word that this look repeats; None where it came another way."""
    n, said = st.session_state.get(TOLD, (None, None))
    return n if said == look.in_browser() else None
