"""Odd galaxies: isolated ones, ones labelled unlike their neighbours, and ones like those rated high.

All are ranked in one embedding space, across splits. The k neighbours of a galaxy are those of highest
cosine, without trivial ones (the same source, closer than 5″, or a near-identical image)."""

from enum import StrEnum

from pydantic import Field

from shared.base.wire import Wire
from shared.contract.search import EmbeddingSpace, FoundGalaxy, RowFilter

MAX_ODD = 500
DEFAULT_K = 20
MAX_K = 50
SHOWN_NEIGHBOURS = 10


class OddBy(StrEnum):
    """`isolation`: mean of 1 − cosine to the k neighbours. `mislabel`: 1 − the share, weighted by cosine, of
    the k labelled neighbours with the galaxy's own label. `interest`: prediction of a ridge regression on
    ratings or flags."""

    ISOLATION = "isolation"
    MISLABEL = "mislabel"
    INTEREST = "interest"


class LearnFrom(StrEnum):
    """`ratings`: 0 to 5. `flags`: 1 for a galaxy with a flagged label, 0 for one that is rated and not
    flagged."""

    RATINGS = "ratings"
    FLAGS = "flags"


class OddRequest(Wire):
    """GET /odd, as JSON in the parameter `query`. Rated galaxies are excluded unless `with_rated`; interest
    never ranks what it learned from. `row`: a galaxy to include in the response, whatever its rank."""

    space: EmbeddingSpace
    by: OddBy = OddBy.ISOLATION
    k: int = Field(DEFAULT_K, ge=1, le=MAX_K)
    learn_from: LearnFrom = LearnFrom.RATINGS
    only: RowFilter = RowFilter()
    with_rated: bool = False
    row: int | None = Field(None, ge=0)
    offset: int = Field(0, ge=0)
    limit: int = Field(50, ge=1, le=MAX_ODD)


class NearGalaxy(Wire):
    """A neighbour; `similarity` is the cosine."""

    row: int
    label: str | None
    similarity: float


class NeighbourVote(Wire):
    """The label of greatest weight among the labelled neighbours: `agree` of `of` have it, `own` have that of
    the galaxy itself (0 if it has none)."""

    label: str
    agree: int
    own: int
    of: int


class OddGalaxy(FoundGalaxy):
    """`score`: higher is odder; None without a label (mislabel). `neighbours`: nearest first, at most
    SHOWN_NEIGHBOURS. `flag`: the note of its flag, None if it has no flag."""

    score: float | None
    says: NeighbourVote | None = Field(description="None if no neighbour has a label.")
    neighbours: list[NearGalaxy]
    rating: int | None
    flag: str | None


class InterestReport(Wire):
    """The ridge regression and its leave-one-out accuracy. `correlation` is Spearman's, of the ratings and
    the predictions relative to the mean of the others; `error` is mean absolute, `error_of_mean` that of
    predicting the mean. Both are None for fewer than five. `penalty` was chosen by the same predictions, so
    both are slightly optimistic."""

    learn_from: LearnFrom
    n: int
    penalty: float
    correlation: float | None
    error: float | None
    error_of_mean: float | None
    words: str


class OddPage(Wire):
    """`total` galaxies were ranked: those that pass the filters and have a score."""

    by: OddBy
    k: int
    step: int
    dataset: str
    depth: int
    layers: int
    total: int
    offset: int
    galaxies: list[OddGalaxy] = Field(description="The oddest first.")
    asked: OddGalaxy | None = Field(description="The galaxy of `row`.")
    learned: InterestReport | None
    rated: int = Field(description="Galaxies of the dataset that are rated.")
    flagged: int = Field(description="Galaxies of the dataset whose label is flagged.")
    milliseconds: float
