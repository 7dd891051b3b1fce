"""The state of the Map page, as stored in its address."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from frontend.ui.address import Address
from frontend.ui.browser_view import BrowserView
from shared.configs.probes import CHECKPOINT
from shared.contract.maps import ColourBy, Method
from shared.contract.search import EmbeddingSpace, OtherEncoder

BROWSER = ("colour", "evaluation", "view", "view2", "galaxy", "step")
NUMBER = r"-?\d{1,9}(\.\d{1,9})?(e-?\d{1,2})?"
VIEW = rf"^{NUMBER},{NUMBER},{NUMBER}$"


class SecondMap(OtherEncoder):
    """The encoder and method of a second map; as text, `:method` is appended."""

    method: Method = "pca"


class MapView(Address):
    """What the page shows: the space, its projection, `colour` with the `evaluation` it refers to, `view`
    (centre x, centre y, width; None: all), the row of a `galaxy`, and the `step` of the slider (None: the
    chosen checkpoint). `beside` is a second map with its own `view2`; two PCAs are aligned if `turned`."""

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
    beside: SecondMap | None = None
    turned: bool = True

    def space(self) -> EmbeddingSpace:
        """The embedding space; needs a run."""
        return EmbeddingSpace(
            run=self.run or "",
            checkpoint=self.checkpoint,
            dataset=self.dataset,
            depth=self.depth,
            pooling=self.pooling,
        )


ADDRESS = BrowserView(MapView, BROWSER)


def change_space(**changes: Any) -> None:
    """Show another map and reset the zoom of both."""
    ADDRESS.change(view=None, view2=None, step=None, **changes)


def change_beside(**changes: Any) -> None:
    """Change the second map and reset its zoom."""
    beside = ADDRESS.current().beside
    values = (beside.model_dump() if beside else {}) | changes
    ADDRESS.change(view2=None, beside=SecondMap.model_validate(values))
