"""Models, apart from their training, and importing models that were trained elsewhere."""

import math
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import field_validator, model_validator

from shared.base.config import Config, ConfigConflictError, setting

MAX_BANDS = 5


class EncoderConfig(Config):
    """The input of a model, and the sizes of its encoder."""

    crop_size: int | None = setting(
        None, "data", "Centre crop before resizing; empty keeps the frame.", unit="px", ge=8
    )
    img_size: int = setting(
        64, "model", "Side of the image the model sees.", unit="px", ge=16, le=512, simple=True
    )
    patch_size: int = setting(
        8, "model", "Side of a patch; divides the image size.", unit="px", ge=2, le=64, simple=True
    )
    embed_dim: int = setting(192, "model", "Encoder width.", ge=16, le=2048, simple=True)
    depth: int = setting(6, "model", "Encoder blocks.", ge=1, le=48, simple=True)
    num_heads: int = setting(3, "model", "Attention heads; divides the width.", ge=1, le=32)
    mlp_ratio: float = setting(4.0, "model", "MLP width over encoder width.", gt=0, le=8)

    @property
    def num_patches(self) -> int:
        """L: patches of one image."""
        return (self.img_size // self.patch_size) ** 2

    @model_validator(mode="after")
    def _encoder_divides(self) -> Self:
        must_divide("patch_size", self.patch_size, "img_size", self.img_size)
        must_divide("num_heads", self.num_heads, "embed_dim", self.embed_dim)
        must_have_positions("embed_dim", self.embed_dim)
        return self


class ArchitectureConfig(EncoderConfig):
    """Encoder and decoder."""

    decoder_embed_dim: int = setting(96, "model", "Decoder width.", ge=16, le=2048)
    decoder_depth: int = setting(2, "model", "Decoder blocks.", ge=1, le=16)
    decoder_num_heads: int = setting(3, "model", "Decoder heads; divides the decoder width.", ge=1, le=32)

    @model_validator(mode="after")
    def _decoder_divides(self) -> Self:
        must_divide("decoder_num_heads", self.decoder_num_heads, "decoder_embed_dim", self.decoder_embed_dim)
        must_have_positions("decoder_embed_dim", self.decoder_embed_dim)
        return self


class TargetConfig(Config):
    """The target of the decoder."""

    norm_pix_loss: bool = setting(
        True, "target", "Predict each patch normalised by its own mean and variance."
    )
    variance_floor: float = setting(
        0.0,
        "target",
        "τ: noise level below which a patch counts as flat sky; 0 as in the paper.",
        unit="std of the standardised image",
        ge=0,
        le=2,
    )


class ModelConfig(TargetConfig, ArchitectureConfig):
    """Everything needed to rebuild a model from a checkpoint and preprocess its input."""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "ModelConfig":
        """The fields of the model in a larger config, such as that of a pretraining."""
        return ModelConfig.model_validate(
            {key: value for key, value in values.items() if key in ModelConfig.model_fields}
        )


class ImportModelConfig(Config):
    """Import a model that was trained elsewhere: weights of facebookresearch/mae, or of a timm ViT."""

    path: str = setting(
        ..., "source", "Weights on the machine that runs Galaxyscope: .safetensors, .pth, .pt or .bin.",
        simple=True, min_length=1,
    )  # fmt: skip
    dataset: str | None = setting(
        None, "data", "Dataset it is looked at with; standardises where mean and std are empty.", simple=True
    )
    crop_size: int | None = setting(
        None, "data", "Centre crop before resizing; empty keeps the frame.", unit="px", ge=8
    )
    mean: tuple[float, ...] | None = setting(
        None, "data", "Mean of each band, 0 to 1, in its training; empty takes the dataset's.",
    )  # fmt: skip
    std: tuple[float, ...] | None = setting(
        None, "data", "Standard deviation of each band, 0 to 1; empty takes the dataset's."
    )
    num_heads: int | None = setting(
        None,
        "model",
        "Attention heads, which cannot be read from weights; empty for heads of width 64.",
        ge=1,
        le=32,
    )
    decoder_num_heads: int | None = setting(
        None, "model", "Decoder heads; empty for 16, as facebookresearch/mae, or heads of width 64.",
        ge=1, le=32,
    )  # fmt: skip
    norm_pix_loss: bool = setting(
        True, "target", "Whether its decoder predicts patches normalised by their own mean and variance."
    )

    @field_validator("mean", "std", mode="before")
    @classmethod
    def _numbers_of_a_list(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(word.strip() for word in value.split(",")) if value.strip() else None

    @field_validator("mean", "std")
    @classmethod
    def _one_a_band(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if value is not None and not (1 <= len(value) <= MAX_BANDS and all(map(math.isfinite, value))):
            raise ValueError(f"1 to {MAX_BANDS} numbers, one a band, as 0.485,0.456,0.406")
        return value

    @model_validator(mode="after")
    def _mean_goes_with_std(self) -> Self:
        if (self.mean is None) != (self.std is None):
            missing = "std" if self.std is None else "mean"
            raise ConfigConflictError(missing, f"{missing} is missing; set mean and std, or neither")
        if self.mean and self.std and len(self.mean) != len(self.std):
            raise ConfigConflictError(
                "std", f"mean has {len(self.mean)} bands and std {len(self.std)}; set as many of both"
            )
        if self.std and min(self.std) <= 0:
            raise ConfigConflictError(
                "std", f"std {min(self.std):g} is not above 0; set the spread of the band"
            )
        return self


def must_have_positions(field: str, width: int) -> None:
    """Raise ConfigConflictError for a width that sin-cos positions cannot fill."""
    if width % 4:
        nearest = width // 4 * 4
        raise ConfigConflictError(
            field,
            f"{field} {width} is not a multiple of 4, as sin-cos positions require; try {nearest}",
            nearest,
        )


def must_divide(field: str, divisor: int, whole_field: str, whole: int) -> None:
    """Raise ConfigConflictError unless `divisor` divides `whole`; suggests one that does."""
    if whole % divisor:
        nearest = nearest_divisor(whole, divisor)
        raise ConfigConflictError(
            field, f"{field} {divisor} does not divide {whole_field} {whole}; try {nearest}", nearest
        )


def nearest_divisor(whole: int, target: int) -> int:
    """The divisor of `whole` nearest to `target` (the larger of two equally near)."""
    return min((d for d in range(1, whole + 1) if whole % d == 0), key=lambda d: (abs(d - target), -d))


class SelfTestConfig(Config):
    """A few steps of a known model on synthetic images: does the device train, and how fast?"""

    device: Literal["auto", "cpu", "cuda"] = setting("auto", "model", "auto uses a GPU if there is one.")
    steps: int = setting(20, "model", "Training steps to time.", ge=5, le=200)
