"""Masked-autoencoder pretraining."""

from typing import Literal, Self

from pydantic import model_validator

from shared.base.config import Config, ConfigConflictError, setting
from shared.configs.models import ArchitectureConfig, ModelConfig
from shared.configs.training import TrainingConfig


class RowsConfig(Config):
    """The rows of a training."""

    dataset: str = setting(..., "data", "Dataset to train on.", simple=True)
    pretrain_rows: Literal["train", "all"] = setting(
        "train", "data", "Rows to train on; all is transductive, which every result states."
    )


class MaskingConfig(ArchitectureConfig):
    """Masking."""

    mask_ratio: float = setting(
        0.75, "masking", "Share of patches hidden from the encoder.", ge=0.05, le=0.95, simple=True
    )

    @model_validator(mode="after")
    def _mask_leaves_something(self) -> Self:
        visible = visible_patches(self.img_size, self.patch_size, self.mask_ratio)
        if not 0 < visible < self.num_patches:
            raise ConfigConflictError(
                "mask_ratio",
                f"mask_ratio {self.mask_ratio:g} hides {'none' if visible else 'all'} of the "
                f"{self.num_patches} patches; use a smaller patch_size or another mask_ratio",
            )
        return self


class PretrainConfig(TrainingConfig, ModelConfig, MaskingConfig, RowsConfig):
    """Masked-autoencoder pretraining on one dataset. The fields of the bases come first, from the last base:
    rows, model, masking, target, training."""

    eval_dataset: str | None = setting(
        None, "evaluation", "Labelled dataset to probe on; empty probes on the training dataset."
    )
    online_probe: Literal["lbfgs", "sgd", "off"] = setting(
        "lbfgs",
        "evaluation",
        "Linear probe: lbfgs is fitted to frozen features at each evaluation; sgd learns alongside the "
        "encoder, from its batches.",
    )
    pooling: Literal["mean", "cls"] = setting("mean", "evaluation", "How tokens become one feature vector.")
    knn_k: int = setting(20, "evaluation", "Neighbours that vote.", ge=1, le=500)
    knn_temperature: float = setting(0.07, "evaluation", "Of the votes' weights exp(cos/T).", gt=0, le=10)
    sample_count: int = setting(
        8, "evaluation", "Fixed galaxies reconstructed at each evaluation.", ge=1, le=16
    )

    @model_validator(mode="after")
    def _probe_has_labels(self) -> Self:
        if self.online_probe == "sgd" and self.eval_dataset is not None:
            raise ConfigConflictError(
                "online_probe",
                "online_probe sgd learns from the labels of the batches, and eval_dataset "
                f"{self.eval_dataset} labels other galaxies; use lbfgs, or leave eval_dataset empty",
            )
        return self


def visible_patches(img_size: int, patch_size: int, mask_ratio: float) -> int:
    """K of docs/science.md §3.2: L − round-half-up(L · mask_ratio), exact in integers.

    The ratio is read as a decimal, so that 0.9 of 100 patches removes 90 and not 89.
    """
    length = (img_size // patch_size) ** 2
    return length - removed_patches(length, mask_ratio)


def removed_patches(length: int, mask_ratio: float) -> int:
    """round-half-up(length · mask_ratio), with the ratio in parts of a million."""
    millionths = round(mask_ratio * 1_000_000)
    return (length * millionths + 500_000) // 1_000_000
