"""The map of a dataset: its galaxies in two dimensions of an encoder's features, and their colours.

Points are sent as bytes: float32, little-endian, N values of x, then N of y, in the order of the dataset.
"""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from shared.base.wire import Wire
from shared.configs.embeddings import Pooling, ProjectConfig
from shared.contract.search import EmbeddingSpace, EmbeddingState

Method = Literal["pca", "tsne"]


class MapRequest(EmbeddingSpace):
    """A map of a space. PCA is computed at once, t-SNE by a job. `aligned` rotates a PCA to match that of
    another checkpoint of the run, so that points do not jump between the two; or of another encoder on the
    same dataset: `aligned_run`, `aligned_depth` (None: the last) and `aligned_pooling`. `perplexity` and
    `seed` are for t-SNE."""

    method: Method = "pca"
    aligned: str | None = Field(None, pattern=r"^(last|best|\d{1,12})$")
    aligned_run: str | None = None
    aligned_depth: int | None = Field(None, ge=1, le=10_000)
    aligned_pooling: Pooling | None = None
    perplexity: float = Field(30, ge=2, le=500)
    seed: int = Field(0, ge=0, le=2**31 - 1)


class MapState(Wire):
    """Whether the map exists. If not, and `embeddings` are ready, a run of kind project with this `config`
    computes it, unless `why_not`; `job` is the newest such run."""

    embeddings: EmbeddingState
    method: Method
    aligned: int | None = Field(description="Step of the checkpoint that it is aligned to.")
    ready: bool
    shares: list[float] = Field(description="Of the variance, along x and y; empty but for PCA.")
    job: str | None
    config: ProjectConfig | None
    why_not: str | None
    steps: list[int] = Field(description="Embedded checkpoints of the run, ascending.")


class ColourBy(StrEnum):
    """`predicted`, `confidence` (of the predicted class) and `right` are of an evaluation; `flagged` and
    `rating` (0 to 5) are annotations."""

    CLASS = "class"
    SPLIT = "split"
    PREDICTED = "predicted"
    RIGHT = "right"
    CONFIDENCE = "confidence"
    REDSHIFT = "redshift"
    FLAGGED = "flagged"
    RATING = "rating"


OF_EVALUATION = frozenset({ColourBy.PREDICTED, ColourBy.RIGHT, ColourBy.CONFIDENCE})


class Colours(Wire):
    """A value a galaxy, in the order of the dataset: an index of `names`, −1 if unknown; without names a
    number, null if unknown. `unknown` labels unknown values."""

    by: ColourBy
    names: list[str]
    unknown: str
    values: list[int] | list[float | None]
