"""Odd galaxies: far from all others, of another label than those they are like, or of what a person rates
high.

Everything is asked of the vectors of one embedding space, of every split; k neighbours of a galaxy are those
of highest cosine, without trivial ones (the same source, nearer than 5″, or a near-identical image).
"""

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
    the k labelled neighbours that carry the galaxy's own label. `interest`: what a ridge regression expects,
    learned from a person's own ratings or flags."""

    ISOLATION = "isolation"
    MISLABEL = "mislabel"
    INTEREST = "interest"


class LearnFrom(StrEnum):
    """`ratings`: 0 to 5 as rated. `flags`: 1 for a galaxy whose label is flagged as doubtful, 0 for one that
    was rated and not flagged."""

    RATINGS = "ratings"
    FLAGS = "flags"


class OddRequest(Wire):
    """GET /odd, as JSON in the parameter `query`. Those rated are left out unless `with_rated`; interest
    never ranks what it learned from. `row`: a galaxy to be told of too, wherever it ranks."""

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
    """The label of greatest weight among the labelled neighbours: `agree` of `of` carry it, `own` that of the
    galaxy itself (0 where it has none)."""

    label: str
    agree: int
    own: int
    of: int


class OddGalaxy(FoundGalaxy):
    """`score`: the higher the odder; None where it has none (mislabel, without a label). `neighbours`: the
    nearest first, SHOWN_NEIGHBOURS at most. `flag`: what was noted with the flag of its label, None for
    none."""

    score: float | None
    says: NeighbourVote | None = Field(description="None where no neighbour has a label.")
    neighbours: list[NearGalaxy]
    rating: int | None
    flag: str | None


class InterestReport(Wire):
    """What a ridge regression learned, and what it is worth: each galaxy is left out once and guessed from
    the others. `correlation` is Spearman's, of the ratings and how far above the mean of the others each is
    guessed; `error` is mean absolute, beside that of guessing the mean of the others. Both are None for fewer
    than five; `penalty` was chosen among a few by the same guesses, so that both are a little hopeful."""

    learn_from: LearnFrom
    n: int
    penalty: float
    correlation: float | None
    error: float | None
    error_of_mean: float | None
    words: str


class OddPage(Wire):
    """`total` galaxies were ranked: those that pass the filters, are not left out, and have a score."""

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
