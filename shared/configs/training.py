"""Settings of every training: augmentation, optimiser, schedule, evaluation."""

from typing import Literal, Self

from pydantic import model_validator

from shared.base.config import Config, ConfigConflictError, setting


class AugmentationConfig(Config):
    """Random changes of training images."""

    flip: bool = setting(True, "augmentation", "Mirror at random, horizontally and vertically.")
    rotate90: bool = setting(True, "augmentation", "Rotate by a random multiple of 90°.")
    crop_scale_min: float = setting(
        1.0,
        "augmentation",
        "Smallest area of a random resized crop; 1 is off.",
        unit="share of the frame",
        ge=0.2,
        le=1,
    )
    colour_jitter: float = setting(
        0.0, "augmentation", "Largest random change of brightness and contrast; 0 is off.", ge=0, le=0.8
    )


class TrainingConfig(AugmentationConfig):
    """AdamW on a warm-up and half a cosine; evaluations, stopping and checkpoints along the way."""

    epochs: int = setting(50, "optimisation", "Passes over the train rows.", ge=1, le=10_000, simple=True)
    batch_size: int = setting(
        128, "optimisation", "Images a step.", unit="images", ge=2, le=8192, simple=True
    )
    blr: float = setting(
        1.5e-4, "optimisation", "Base learning rate; lr = blr · batch / 256.", gt=0, le=1, simple=True
    )
    min_lr: float = setting(0.0, "optimisation", "Learning rate at the end of the cosine.", ge=0, le=1)
    warmup_epochs: float = setting(5.0, "optimisation", "Linear warm-up.", unit="epochs", ge=0)
    weight_decay: float = setting(0.05, "optimisation", "AdamW decay of matrices.", ge=0, le=1)
    precision: Literal["auto", "float32", "bfloat16"] = setting(
        "auto",
        "optimisation",
        "auto uses bfloat16 where the device supports it (a recent GPU; a CPU with AMX or AVX512-BF16).",
    )
    device: Literal["auto", "cpu", "cuda"] = setting(
        "auto", "optimisation", "auto uses a GPU if there is one."
    )
    seed: int = setting(
        0, "optimisation", "Of weights, order, masks and augmentation.", ge=0, le=2**31 - 1, simple=True
    )
    eval_every_epochs: int = setting(
        5, "evaluation", "Epochs between evaluations (probes, samples, checkpoint).", ge=1
    )
    early_stopping_patience: int = setting(
        0,
        "evaluation",
        "Stop after this many evaluations without a better probe; 0 never stops.",
        ge=0,
        le=1000,
    )
    keep_checkpoints: int = setting(
        12, "evaluation", "Checkpoints kept besides last and best, log-spaced.", ge=0, le=200
    )

    @property
    def lr(self) -> float:
        """Peak learning rate: blr · batch_size / 256."""
        return self.blr * self.batch_size / 256

    @model_validator(mode="after")
    def _schedule_fits(self) -> Self:
        if self.warmup_epochs >= self.epochs:
            raise ConfigConflictError(
                "warmup_epochs",
                f"warmup_epochs {self.warmup_epochs:g} is not shorter than epochs {self.epochs}; "
                f"try {self.epochs / 10:g}",
                self.epochs / 10,
            )
        if self.min_lr > self.lr:
            raise ConfigConflictError(
                "min_lr", f"min_lr {self.min_lr:g} is above the peak learning rate {self.lr:g}; try 0", 0.0
            )
        return self
