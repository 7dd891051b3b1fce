"""Model sizes on the launch form: the current one, and the parameter count of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.configs import PretrainConfig
from shared.configs.presets import SIZES, Size
from shared.planning.cost import count_decoder, count_encoder

CUSTOM = "custom"
BY_KEY: dict[str, Size] = {size.key: size for size in SIZES}


@dataclass(frozen=True)
class Parameters:
    encoder: int
    decoder: int

    @property
    def total(self) -> int:
        return self.encoder + self.decoder


def size_in_effect(values: Mapping[str, Any]) -> str:
    """The key of the size that matches the widths, depths and heads of the form, else CUSTOM."""
    same = (
        size.key for size in SIZES if all(values.get(name) == value for name, value in size.values.items())
    )
    return next(same, CUSTOM)


def count_parameters(values: Mapping[str, Any], in_chans: int) -> Parameters:
    """Trainable parameters of the model; empty fields have their default value."""
    given = {name: value for name, value in values.items() if value is not None}
    config = PretrainConfig.model_construct(**given)
    return Parameters(count_encoder(config, in_chans), count_decoder(config, in_chans))


def count_sizes(values: Mapping[str, Any], in_chans: int) -> dict[str, Parameters]:
    """Parameters of each size with the patch size of the form and the bands of the dataset."""
    return {size.key: count_parameters({**values, **size.values}, in_chans) for size in SIZES}
