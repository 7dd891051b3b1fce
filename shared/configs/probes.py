"""Jobs that evaluate an encoder."""

from typing import Literal

from shared.base.config import Config, setting
from shared.base.vocabulary import Head

FrozenHead = Literal["knn", "linear", "linear_lars", "mlp", "attentive"]
FROZEN_HEADS: tuple[Head, ...] = (Head.KNN, Head.LINEAR, Head.LINEAR_LARS, Head.MLP, Head.ATTENTIVE)
LABEL_FRACTION = setting(
    1.0,
    "data",
    "Share of labelled train rows to use, stratified.",
    ge=0.01,
    le=1,
    simple=True,
)
CHECKPOINT = r"^(last|best|\d{1,12})$"


class OnEncoderConfig(Config):
    """The encoder of a run, and a labelled dataset."""

    encoder: str = setting(..., "encoder", "Run whose encoder to evaluate.", simple=True)
    checkpoint: str = setting(
        "best", "encoder", "best, last, or a step; best falls back to last.", pattern=CHECKPOINT
    )
    dataset: str | None = setting(
        None, "data", "Labelled dataset; empty uses that of the encoder (or its eval_dataset).", simple=True
    )


class ProbeConfig(OnEncoderConfig):
    """Heads on frozen features, fitted on train, chosen on validation, evaluated on test."""

    when: Literal["now", "ended"] = setting(
        "now", "encoder", "Start now, or when the run of the encoder has ended."
    )
    heads: tuple[FrozenHead, ...] = setting(
        ("knn", "linear"),
        "heads",
        "Heads on the frozen features; linear_lars (LARS, with BatchNorm) is that of the MAE paper.",
        simple=True,
        min_length=1,
    )
    depths: Literal["last", "all"] = setting(
        "last", "heads", "The last block, or the best of all blocks on validation.",
        simple=True,
    )  # fmt: skip
    pooling: Literal["cls", "mean", "both"] = setting(
        "mean", "heads", "How tokens become one feature vector.", simple=True
    )
    inner_norm: Literal["final", "none"] = setting(
        "final", "heads", "Whether features of inner blocks pass through the final norm."
    )
    mlp_width: int = setting(256, "heads", "Hidden units of the MLP.", ge=8, le=4096)
    knn_k: int = setting(20, "heads", "Neighbours that vote.", ge=1, le=500)
    knn_temperature: float = setting(0.07, "heads", "Of the votes' weights exp(cos/T).", gt=0, le=10)
    label_fraction: float = LABEL_FRACTION
    seeds: int = setting(
        1, "evaluation", "Repetitions with seeds seed, seed + 1, …", ge=1, le=10, simple=True
    )
    seed: int = setting(0, "evaluation", "Of the label subset and of trained heads.", ge=0, le=2**31 - 1)
    references: bool = setting(
        True,
        "evaluation",
        "Also evaluate baselines: random init, raw pixels, majority class.",
    )


class BaselinesConfig(Config):
    """Raw-pixel k-NN and linear probe, and the majority class, of one dataset."""

    dataset: str = setting(..., "data", "Dataset.")
