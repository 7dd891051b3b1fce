"""Classifiers trained with their encoder: fine-tuned, or from random weights."""

from typing import Literal

from shared.base.config import setting
from shared.configs.models import EncoderConfig
from shared.configs.probes import LABEL_FRACTION, OnEncoderConfig
from shared.configs.training import TrainingConfig


class ClassifierConfig(TrainingConfig):
    """Encoder and head trained on labelled train rows; the best epoch on validation is evaluated on test
    rows. Defaults are a recipe for small data (docs/science.md §4.4)."""

    epochs: int = setting(50, "optimisation", "Passes over the train rows.", ge=1, le=10_000, simple=True)
    blr: float = setting(
        1e-3, "optimisation", "Base learning rate; lr = blr · batch / 256.", gt=0, le=1, simple=True
    )
    seed: int = setting(
        0,
        "optimisation",
        "Of the head's weights (all weights from scratch), order, augmentation and label subset.",
        ge=0,
        le=2**31 - 1,
        simple=True,
    )
    eval_every_epochs: int = setting(1, "evaluation", "Epochs between evaluations and checkpoints.", ge=1)
    early_stopping_patience: int = setting(
        0,
        "evaluation",
        "Stop after this many evaluations without a better validation accuracy; 0 never stops.",
        ge=0,
        le=1000,
    )
    keep_checkpoints: int = setting(
        0, "evaluation", "Checkpoints kept besides last and best, log-spaced.", ge=0, le=200
    )
    label_fraction: float = LABEL_FRACTION
    head: Literal["linear", "mlp"] = setting(
        "linear", "head", "Classifier on the pooled tokens.", simple=True
    )
    mlp_width: int = setting(256, "head", "Hidden units of the MLP head.", ge=8, le=4096)
    pooling: Literal["mean", "cls"] = setting(
        "mean", "head", "How tokens become one feature vector.", simple=True
    )
    drop_path: float = setting(
        0.1,
        "regularisation",
        "Share of residual branches dropped at the last block, rising from 0 at the first.",
        ge=0,
        le=0.9,
    )
    mixup: float = setting(
        0.2, "regularisation", "α of mixup's Beta(α, α), which blends pairs of images and labels; 0 is off.",
        ge=0, le=5,
    )  # fmt: skip
    label_smoothing: float = setting(
        0.1, "regularisation", "Share of a label that is spread over all classes.", ge=0, le=0.9
    )
    ema_decay: float = setting(
        0.0,
        "regularisation",
        "Evaluate a moving average of the weights with this decay after a warm-up; 0 is off.",
        ge=0,
        lt=1,
    )


class FinetuneConfig(ClassifierConfig, OnEncoderConfig):
    """A pretrained encoder trained on with a head, on labels."""

    layer_decay: float = setting(
        0.75, "optimisation", "Learning rate of each block over that of the next; 1 is off.",
        gt=0, le=1, simple=True,
    )  # fmt: skip


class SupervisedConfig(ClassifierConfig, EncoderConfig):
    """The same from random weights: a baseline, or with `encoder` the twin of its fine-tuning, which differs
    in the initial weights only (and in layer decay, which is off here)."""

    encoder: str | None = setting(
        None,
        "encoder",
        "Run whose architecture to use, not its weights; results are shown beside its own.",
        simple=True,
    )
    dataset: str | None = setting(
        None, "data", "Labelled dataset; empty uses that of the encoder.", simple=True
    )

    @property
    def layer_decay(self) -> float:
        """Off: no layer is pretrained."""
        return 1.0


RECIPE = tuple(
    name
    for name in ClassifierConfig.model_fields
    if name not in ("seed", "device", "precision", "keep_checkpoints")
)
"""Settings that distinguish classifiers, except their initial weights and seed."""
