"""The jobs behind search and map: an encoder's features of every galaxy, and their projection."""

from typing import Literal

from shared.base.config import setting
from shared.configs.probes import OnEncoderConfig

Pooling = Literal["cls", "mean", "both"]


class SpaceConfig(OnEncoderConfig):
    """Features of every row of a dataset, labelled or not, at one depth of a frozen encoder."""

    encoder: str = setting(..., "encoder", "Run whose encoder is asked.", simple=True)
    dataset: str | None = setting(
        None, "data", "Dataset whose rows are embedded; empty takes the encoder's own.", simple=True
    )
    depth: int | None = setting(
        None, "encoder", "Block whose output is taken, from 1; empty takes the last.", ge=1, le=10_000
    )
    pooling: Pooling = setting(
        "mean",
        "encoder",
        "How tokens become one vector: class token, mean of the patches, or both side by side.",
        simple=True,
    )


class EmbedConfig(SpaceConfig):
    """Computes the features and keeps them."""

    every_checkpoint: bool = setting(
        False, "encoder", "Also those of every other checkpoint of the run, for a map over its training."
    )
    index: Literal["auto", "always", "never"] = setting(
        "auto",
        "evaluation",
        "Index for approximate search; auto: from 250,000 galaxies on, where faiss is installed.",
    )
    quality: bool = setting(
        False,
        "evaluation",
        "Also measure whether similar means of the same class, beside random init and raw pixels.",
    )


class ProjectConfig(SpaceConfig):
    """Two dimensions of the features, in which near neighbours stay near."""

    method: Literal["tsne"] = setting("tsne", "projection", "How many dimensions become two.")
    perplexity: float = setting(
        30, "projection", "About how many neighbours each galaxy keeps near.", ge=2, le=500, simple=True
    )
    seed: int = setting(0, "projection", "Of what is random in it.", ge=0, le=2**31 - 1)
