"""Jobs for search and maps: features of every galaxy, and their projection."""

from typing import Literal

from shared.base.config import setting
from shared.configs.probes import OnEncoderConfig

Pooling = Literal["cls", "mean", "both"]


class SpaceConfig(OnEncoderConfig):
    """Features of every row of a dataset, labelled or not, at one depth of a frozen encoder."""

    encoder: str = setting(..., "encoder", "Run whose encoder to use.", simple=True)
    dataset: str | None = setting(
        None, "data", "Dataset to embed; empty uses that of the encoder.", simple=True
    )
    depth: int | None = setting(
        None, "encoder", "Block whose output to use, from 1; empty uses the last.", ge=1, le=10_000
    )
    pooling: Pooling = setting(
        "mean",
        "encoder",
        "How tokens become one vector: class token, mean of the patches, or both side by side.",
        simple=True,
    )


class EmbedConfig(SpaceConfig):
    """Computes and stores features."""

    every_checkpoint: bool = setting(
        False, "encoder", "Also embed every other checkpoint of the run, for a map over its training."
    )
    index: Literal["auto", "always", "never"] = setting(
        "auto",
        "evaluation",
        "Index for approximate search; auto: from 250,000 galaxies on, where faiss is installed.",
    )
    quality: bool = setting(
        False,
        "evaluation",
        "Also measure how often similar galaxies share a class, beside random init and raw pixels.",
    )


class ProjectConfig(SpaceConfig):
    """Two dimensions in which neighbours stay neighbours."""

    method: Literal["tsne"] = setting("tsne", "projection", "Projection method.")
    perplexity: float = setting(
        30, "projection", "Roughly the number of neighbours that are preserved.", ge=2, le=500, simple=True
    )
    seed: int = setting(0, "projection", "Random seed.", ge=0, le=2**31 - 1)
