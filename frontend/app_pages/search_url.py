"""The state of the Search page as its address holds it."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError

from shared.datasets import Split
from shared.evaluation_configs import CHECKPOINT
from shared.runs import Wire
from shared.search import MAX_EXAMPLES, NEAR_ARCSEC, EmbeddingSpace
from shared.search_configs import Pooling

SIZES = (16, 24, 36, 48, 64, 100)
DEFAULT_SIZE = 36
MOST_TRAIL = 12
Row = Annotated[int, Field(ge=0, le=10**9)]
Rows = Annotated[tuple[Row, ...], Field(max_length=MAX_EXAMPLES)]
LISTS = ("plus", "minus", "trail")


class View(Wire):
    """What is searched by what. `plus` and `minus` are examples beside the query, `trail` the rows that led
    to it; `tile` is the side of a result in pixels; `zmin` … `pmax` bound redshift and pixel scale."""

    run: str | None = None
    checkpoint: str = Field("best", pattern=CHECKPOINT)
    dataset: str | None = None
    depth: int | None = Field(None, ge=1, le=10_000)
    pooling: Pooling = "mean"
    row: Row | None = None
    upload: str | None = None
    plus: Rows = ()
    minus: Rows = ()
    trail: Rows = ()
    k: int = Field(DEFAULT_SIZE, ge=1, le=100)
    tile: int = Field(120, ge=64, le=256)
    least: bool = False
    label: str | None = None
    split: Split | None = None
    zmin: float | None = None
    zmax: float | None = None
    pmin: float | None = None
    pmax: float | None = None
    near: float = Field(NEAR_ARCSEC, ge=0, le=3600)
    trivial: bool = False

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Self:
        """What an address says; a value that cannot be meant is left out."""
        given: dict[str, Any] = {name: query[name] for name in cls.model_fields if name in query}
        for name in LISTS:
            if name in given:
                given[name] = [part for part in given[name].split(".") if part]
        if "upload" in given:
            given.pop("row", None)
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            faulty = {fault["loc"][0] for fault in error.errors()}
            return cls.model_validate({name: value for name, value in given.items() if name not in faulty})

    def to_query(self) -> dict[str, str]:
        """The address of this view; what is as by default is left out."""
        values = {name: value for name, value in self if value != type(self).model_fields[name].default}
        return {name: _written(value) for name, value in values.items()}

    def space(self, run: str) -> EmbeddingSpace:
        """Whose embeddings are searched."""
        return EmbeddingSpace(
            run=run,
            checkpoint=self.checkpoint,
            dataset=self.dataset,
            depth=self.depth,
            pooling=self.pooling,
        )


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ".".join(map(str, value))
    return f"{value:.10g}" if isinstance(value, float) else str(value)
