"""Two encoders side by side: which neighbours of a galaxy are the same, and how far they agree in a dataset.

The overlap of two lists of k is the share of one that is in the other; Jaccard's index is what both hold over
what either holds, s / (2k − s).
"""

from typing import Annotated, Any

from pydantic import Field, model_validator

from shared.evaluation_configs import CHECKPOINT
from shared.evaluations import Interval
from shared.runs import Wire
from shared.search import EmbeddingSpace, SearchRequest, SearchResult
from shared.search_configs import Pooling

NEIGHBOURS = 16
MOST_ASKED = 2_000
"""Galaxies that are asked for their neighbours where a dataset has more than EVERY_ONE_UP_TO; fewer among
more than 100,000, down to 200."""
EVERY_ONE_UP_TO = 5_000
MOST_ROWS = 1_000
"""That a request names; a selection with more is thinned by whoever asks."""


Row = Annotated[int, Field(ge=0)]


class OtherEncoder(Wire):
    """The encoder that stands beside the first, in its dataset. As a text `run:checkpoint:depth:pooling`, in
    which what is left out, or empty, is as by default."""

    run: str = Field(min_length=1, max_length=200)
    checkpoint: str = Field("best", pattern=CHECKPOINT)
    depth: int | None = Field(None, ge=1, le=10_000)
    pooling: Pooling = "mean"

    def space(self, dataset: str | None = None) -> EmbeddingSpace:
        return EmbeddingSpace(
            run=self.run,
            checkpoint=self.checkpoint,
            dataset=dataset,
            depth=self.depth,
            pooling=self.pooling,
        )

    def __str__(self) -> str:
        return ":".join("" if value is None else str(value) for _, value in self)

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        parts, names = given.split(":"), list(cls.model_fields)
        named = {name: part for name, part in zip(names, parts, strict=False) if part}
        return named if len(parts) <= len(names) else named | {"more": ":".join(parts[len(names) :])}


class ComparedRequest(SearchRequest):
    """GET /search/compared, as JSON in the parameter `query`: one search, asked of two encoders. Without a
    dataset of its own, `against` is asked in that of `space`; another one is refused."""

    against: EmbeddingSpace


class Agreement(Wire):
    """`shared` of the k found are in both lists; two that know nothing of each other would share
    `expected`."""

    k: int = Field(description="Length of the shorter list.")
    shared: int
    jaccard: float
    expected: float
    rank_correlation: float | None = Field(
        description="Spearman's, of the similarities of all galaxies that both ranked; None of fewer than 3."
    )


class SearchComparison(Wire):
    """The same search by two encoders."""

    first: SearchResult
    second: SearchResult
    agreement: Agreement


class OverlapRequest(Wire):
    """GET /search/overlap, as JSON in the parameter `query`: how much of the k nearest neighbours two
    encoders share, as a mean over galaxies: over `rows`, or over the dataset where none are named (all, or of
    a large one up to MOST_ASKED that are drawn by a fixed seed). `against` as in ComparedRequest."""

    space: EmbeddingSpace
    against: EmbeddingSpace
    k: int = Field(NEIGHBOURS, ge=1, le=100)
    rows: tuple[Row, ...] = Field((), max_length=MOST_ROWS)


class ClassOverlap(Wire):
    """Mean over the galaxies of one class; `few` marks fewer than FEW_ROWS."""

    name: str
    n: int
    overlap: float
    few: bool


class Overlap(Wire):
    """Shares of 1. Neighbours are galaxies of every split, but for the galaxy itself and others of its
    source; no other filter acts. `k` is smaller than was asked where the dataset has fewer."""

    dataset: str
    k: int
    n: int = Field(description="Galaxies that were asked.")
    of: int = Field(description="Galaxies of the dataset.")
    overlap: float
    overlap_ci95: Interval = Field(description="By bootstrap of the galaxies within their classes.")
    jaccard: float
    chance: float = Field(description="Overlap of two lists drawn at random.")
    classes: list[ClassOverlap]
