"""The state of both views of the Search page, as stored in its address."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from frontend.ui.address import Address
from shared.base.vocabulary import Split
from shared.configs.embeddings import Pooling
from shared.configs.probes import CHECKPOINT
from shared.contract.odd import DEFAULT_K, MAX_K, LearnFrom, OddBy
from shared.contract.search import MAX_EXAMPLES, NEAR_ARCSEC, EmbeddingSpace, OtherEncoder

SIZES = (16, 24, 36, 48, 64, 100)
DEFAULT_SIZE = 36
MOST_TRAIL = 12
Row = Annotated[int, Field(ge=0, le=10**9)]
Rows = Annotated[tuple[Row, ...], Field(max_length=MAX_EXAMPLES)]
LISTS = ("plus", "minus", "trail")


class SearchAddress(Address):
    """What both views share: the embedding space, and filters on its galaxies; `zmin` … `pmax` bound redshift
    and pixel scale."""

    view: Literal["like", "odd"] = "like"
    run: str | None = None
    checkpoint: str = Field("best", pattern=CHECKPOINT)
    dataset: str | None = None
    depth: int | None = Field(None, ge=1, le=10_000)
    pooling: Pooling = "mean"
    label: str | None = None
    split: Split | None = None
    zmin: float | None = None
    zmax: float | None = None
    pmin: float | None = None
    pmax: float | None = None
    row: Row | None = None

    def space(self, run: str) -> EmbeddingSpace:
        """The embedding space that is searched."""
        return EmbeddingSpace(
            run=run,
            checkpoint=self.checkpoint,
            dataset=self.dataset,
            depth=self.depth,
            pooling=self.pooling,
        )


class SearchView(SearchAddress):
    """A search. `plus` and `minus` are positive and negative examples in addition to the query, `trail` the
    rows that led to it; `other` is a second encoder for the same search; `tile` is the image size of results
    in pixels."""

    RENAMED: ClassVar[Mapping[str, str]] = {"other": "with"}

    other: OtherEncoder | None = None
    upload: str | None = None
    plus: Rows = ()
    minus: Rows = ()
    trail: Rows = ()
    k: int = Field(DEFAULT_SIZE, ge=1, le=100)
    tile: int = Field(120, ge=64, le=256)
    least: bool = False
    near: float = Field(NEAR_ARCSEC, ge=0, le=3600)
    trivial: bool = False
    exact: bool = False

    @classmethod
    def read(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Lists are separated by dots; an upload overrides a row."""
        lists = {name: [part for part in given[name].split(".") if part] for name in LISTS if name in given}
        return {
            name: value for name, value in given.items() if name != "row" or "upload" not in given
        } | lists

    @staticmethod
    def written(value: Any) -> str:
        """Lists are separated by dots."""
        return ".".join(map(str, value)) if isinstance(value, tuple) else Address.written(value)


class OddView(SearchAddress):
    """A review of odd galaxies, ranked by `by` with `k` neighbours; `rated` includes rated galaxies; `row` is
    the galaxy shown."""

    by: OddBy = OddBy.ISOLATION
    learn: LearnFrom = LearnFrom.RATINGS
    k: int = Field(DEFAULT_K, ge=1, le=MAX_K)
    rated: bool = False
