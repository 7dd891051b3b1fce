"""The job behind search and map: an encoder's features of every galaxy of a dataset."""

from typing import Literal

from shared.config_base import setting
from shared.evaluation_configs import OnEncoderConfig

Pooling = Literal["cls", "mean", "both"]


class EmbedConfig(OnEncoderConfig):
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
    quality: bool = setting(
        False,
        "evaluation",
        "Also measure whether similar means of the same class, beside random init and raw pixels.",
    )
