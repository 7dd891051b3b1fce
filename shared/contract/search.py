"""Search by the features of a frozen encoder: what is asked, and what crosses the wire.

An embedding is the feature vector of one galaxy: standardised by the train rows of its dataset, then of
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
    """Which encoder puts which galaxies where: a checkpoint of a run, a dataset (None: the encoder's own), a
    block (None: the last) and how its tokens are pooled."""

    run: str
    checkpoint: str = Field("best", pattern=CHECKPOINT)
    dataset: str | None = None
    depth: int | None = Field(None, ge=1, le=10_000)
    pooling: Pooling = "mean"


class EmbeddingState(Wire):
    """Whether the galaxies of a space are embedded. Where they are not, a run of kind embed with this
    `config` does it; `job` is the newest such run, at work or ended."""

    run: str
    step: int = Field(description="Checkpoint that was meant.")
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
    """Which galaxies may be found: a class (or "unlabelled"), a split, bounds that leave out what is
    unknown."""

    label: str | None = None
    split: Split | None = None
    redshift_min: float | None = None
    redshift_max: float | None = None
    pxscale_min: float | None = Field(None, description="arcsec per pixel")
    pxscale_max: float | None = None


class SearchRequest(Wire):
    """GET /search, as JSON in the parameter `query`: the galaxies most like the examples, or least.

    Examples are the query (a row of the dataset, or an uploaded image) and further rows; score = mean cosine
    to the positive ones − negative_weight · mean cosine to the negative ones. Examples are never found
    themselves; trivial neighbours of the positive ones only where they are to be kept: of the same source,
    nearer on the sky than near_arcsec, or a near-identical image (cosine 0.9999, or the same picture hash and
    0.95).
    """

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
    exact: bool = Field(False, description="Compare with every galaxy, although there is an index.")

    @model_validator(mode="after")
    def _one_query(self) -> Self:
        if self.row is not None and self.upload is not None:
            raise ValueError("give one query: a row, or an upload")
        return self


class SkyLinks(Wire):
    """Where others show what is at a position."""

    legacy_survey: str
    simbad: str
    esasky: str


class FoundGalaxy(Wire):
    """A galaxy of the dataset, with links where its position is known."""

    galaxy: Galaxy
    links: SkyLinks | None


class Neighbour(FoundGalaxy):
    """`similarity` is the score: of one positive example and no negative, the cosine, −1 to 1."""

    similarity: float


class IndexQuality(Wire):
    """How well an approximate index finds: the share of the `k` nearest galaxies that it names, measured on
    `queries` of them; `bytes` of memory."""

    recall: float
    k: int
    queries: int
    lists: int
    probes: int
    bytes: int


class SearchResult(Wire):
    """`candidates` galaxies were ranked: all but the examples, the filtered, and `left_out` trivial
    neighbours. Where `approximate` says of an index how well it finds, it chose whom to compare with; the
    similarities are exact all the same."""

    step: int
    dataset: str
    depth: int
    layers: int
    query: FoundGalaxy | None = Field(description="None for an upload, or where there are examples only.")
    positives: list[FoundGalaxy]
    negatives: list[FoundGalaxy]
    neighbours: list[Neighbour] = Field(description="The best first.")
    candidates: int
    left_out: int
    approximate: IndexQuality | None = None
    milliseconds: float


class LocatedGalaxy(FoundGalaxy):
    """The galaxy that a text means: a row, an id, or the nearest to a position. `separation_arcsec` is to
    that position; where it is `far` away, `words` say how far."""

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
    """Whether similar means of the same class: labelled validation rows ask, labelled train rows are the
    gallery, and no test row is read. `chance` is the precision of a search that knows nothing."""

    k: int
    n: int = Field(description="Queries.")
    gallery: int
    chance: float
    found: list[Retrieval] = Field(description="The encoder, then what it stands beside.")


class QualityState(Wire):
    """What is known of a search, None where it was not measured; a run of kind embed with this `config`
    measures it, and `job` is the newest such run."""

    quality: SearchQuality | None
    job: str | None
    config: EmbedConfig


NEIGHBOURS = 16
MAX_QUERIES = 2_000
"""Galaxies that are asked for their neighbours where a dataset has more than ALL_QUERIES_UP_TO; fewer among
more than 100,000, down to 200."""
ALL_QUERIES_UP_TO = 5_000
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
    a large one up to MAX_QUERIES that are drawn by a fixed seed). `against` as in ComparedRequest."""

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
