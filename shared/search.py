"""Search by the features of a frozen encoder: what is asked, and what crosses the wire.

An embedding is the feature vector of one galaxy: standardised by the train rows of its dataset, then of
length 1, so that the inner product of two is their cosine.
"""

from pydantic import Field

from shared.evaluation_configs import CHECKPOINT
from shared.runs import Wire
from shared.search_configs import EmbedConfig, Pooling


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
