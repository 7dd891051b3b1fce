"""Search by the features of a frozen encoder.

An embedding is the feature vector of one galaxy, standardised by the train rows of its dataset and scaled to
length 1, so that the inner product of two is their cosine.
"""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from shared.base.vocabulary import Basis, Split
from shared.base.wire import Wire
from shared.configs.embeddings import EmbedConfig, Pooling
from shared.configs.probes import CHECKPOINT
from shared.contract.datasets import Galaxy
from shared.contract.evaluations import Interval


class EmbeddingSpace(Wire):
    """A checkpoint of a run, a dataset (None: that of the encoder), a block (None: the last), a pooling."""

    run: str
    checkpoint: str = Field("best", pattern=CHECKPOINT)
    dataset: str | None = None
    depth: int | None = Field(None, ge=1, le=10_000)
    pooling: Pooling = "mean"


class EmbeddingState(Wire):
    """Whether the galaxies of a space are embedded. If not, a run of kind embed with this `config` does it;
    `job` is the newest such run."""

    run: str
    step: int = Field(description="Of the checkpoint.")
    dataset: str
    depth: int = Field(description="Block, 1 to `layers`.")
    layers: int
    pooling: Pooling
    n: int = Field(description="Galaxies of the dataset, of every split.")
    width: int = Field(description="Length of a vector.")
    ready: bool
    job: str | None
    config: EmbedConfig


MAX_RESULTS = 500
MAX_EXAMPLES = 32
NEAR_ARCSEC = 5.0
NEGATIVE_WEIGHT = 0.5


class RowFilter(Wire):
    """Candidates: a class (or "unlabelled"), a split, bounds, which exclude unknown values."""

    label: str | None = None
    split: Split | None = None
    redshift_min: float | None = None
    redshift_max: float | None = None
    pxscale_min: float | None = Field(None, description="arcsec per pixel")
    pxscale_max: float | None = None


class SearchRequest(Wire):
    """GET /search, as JSON in the parameter `query`: the galaxies most, or least, similar to the examples.

    Examples are the query (a row or an uploaded image) and further rows; score = mean cosine to the positive
    ones − negative_weight · mean cosine to the negative ones. Examples are excluded from the results, and
    unless `keep_trivial` so are trivial neighbours of the positive ones: of the same source, closer on the
    sky than near_arcsec, or a near-identical image (cosine 0.9999, or the same picture hash and 0.95) that is
    not known to lie elsewhere: with another id, over 60 arcsec away."""

    space: EmbeddingSpace
    row: int | None = Field(None, ge=0)
    upload: str | None = None
    positives: tuple[int, ...] = Field((), max_length=MAX_EXAMPLES)
    negatives: tuple[int, ...] = Field((), max_length=MAX_EXAMPLES)
    negative_weight: float = Field(NEGATIVE_WEIGHT, ge=0, le=4)
    k: int = Field(16, ge=1, le=MAX_RESULTS)
    least: bool = False
    keep_trivial: bool = False
    near_arcsec: float = Field(NEAR_ARCSEC, ge=0, le=3600)
    only: RowFilter = RowFilter()
    exact: bool = Field(False, description="Compare with every galaxy, even if there is an index.")

    @model_validator(mode="after")
    def _one_query(self) -> Self:
        if self.row is not None and self.upload is not None:
            raise ValueError("give one query: a row, or an upload")
        return self


class SkyLinks(Wire):
    """Sky surveys and catalogues at a position."""

    legacy_survey: str
    simbad: str
    esasky: str


class FoundGalaxy(Wire):
    """A galaxy, with links if its position is known."""

    galaxy: Galaxy
    links: SkyLinks | None


class Neighbour(FoundGalaxy):
    """`similarity` is the score: for a single positive example the cosine, −1 to 1."""

    similarity: float


class IndexQuality(Wire):
    """Quality of an approximate index: recall of the `k` nearest galaxies on `queries` of them; `bytes` of
    memory."""

    recall: float
    k: int
    queries: int
    lists: int
    probes: int
    bytes: int


class SearchResult(Wire):
    """`candidates` galaxies were ranked: all except examples, filtered ones, and `left_out` trivial
    neighbours. With `approximate`, an index chose the candidates; similarities are exact in any case."""

    step: int
    dataset: str
    depth: int
    layers: int
    query: FoundGalaxy | None = Field(description="None for an upload, or without a query.")
    positives: list[FoundGalaxy]
    negatives: list[FoundGalaxy]
    neighbours: list[Neighbour] = Field(description="The best first.")
    candidates: int
    left_out: int
    left_out_ids: list[str] = Field(description="Of the first of them.")
    approximate: IndexQuality | None = None
    milliseconds: float


class LocatedGalaxy(FoundGalaxy):
    """The galaxy of a row number, an id, or nearest to a position. `separation_arcsec` is from that position;
    if it is `far`, `words` say how far."""

    separation_arcsec: float | None
    far: bool
    words: str


class ClassRetrieval(Wire):
    """Means over the queries of one class; `few` marks fewer than FEW_ROWS."""

    name: str
    n: int
    precision: float
    average_precision: float
    few: bool


class Retrieval(Wire):
    """Means over all queries, with 95 % intervals of a bootstrap of the queries within their classes."""

    basis: Basis
    precision: float
    precision_ci95: Interval
    mean_average_precision: float
    mean_average_precision_ci95: Interval
    classes: list[ClassRetrieval]


class SearchQuality(Wire):
    """How often similar galaxies are of the same class: labelled validation rows are the queries, labelled
    train rows the gallery; test rows are not read. `chance` is the precision of a random search."""

    k: int
    n: int = Field(description="Queries.")
    gallery: int
    chance: float
    found: list[Retrieval] = Field(description="The encoder, then baselines.")


class QualityState(Wire):
    """The quality of a search, None if not measured; a run of kind embed with this `config` measures it,
    `job` is the newest such run."""

    quality: SearchQuality | None
    job: str | None
    config: EmbedConfig


NEIGHBOURS = 16
MAX_QUERIES = 2_000
"""Queries in a dataset of more than ALL_QUERIES_UP_TO galaxies; fewer above 100,000 galaxies, down to 200."""
ALL_QUERIES_UP_TO = 5_000
MOST_ROWS = 1_000
"""Of a request; clients thin larger selections."""


Row = Annotated[int, Field(ge=0)]


class OtherEncoder(Wire):
    """The second encoder of a comparison, on the dataset of the first. As text
    `run:checkpoint:depth:pooling`; missing or empty parts take defaults."""

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
    """GET /search/compared, as JSON in the parameter `query`: one search by two encoders. `against` must have
    the dataset of `space`, or None."""

    against: EmbeddingSpace


class Agreement(Wire):
    """`shared` of k results are in both lists; `expected` of two random lists."""

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
    """GET /search/overlap, as JSON in the parameter `query`: the share of k nearest neighbours that two
    encoders have in common, mean over `rows`, or over the dataset (of a large one up to MAX_QUERIES, drawn
    with a fixed seed). `against` as in ComparedRequest."""

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
    """Shares of 1. Neighbours are of every split, without the galaxy itself and others of its source. `k` is
    smaller than requested if the dataset has fewer."""

    dataset: str
    k: int
    n: int = Field(description="Queries.")
    of: int = Field(description="Galaxies of the dataset.")
    overlap: float
    overlap_ci95: Interval = Field(description="By bootstrap of the galaxies within their classes.")
    jaccard: float
    chance: float = Field(description="Overlap of two lists drawn at random.")
    classes: list[ClassOverlap]
