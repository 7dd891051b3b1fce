"""The sizes of the launch form: which one the fields hold, and what each would count here."""

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
    """The key of the size whose widths, depths and heads the form holds; CUSTOM where it is none of them."""
    same = (
        size.key for size in SIZES if all(values.get(name) == value for name, value in size.values.items())
    )
    return next(same, CUSTOM)


def count_parameters(values: Mapping[str, Any], in_chans: int) -> Parameters:
    """Trained parameters of the model that the form describes; an empty field counts with its default."""
    given = {name: value for name, value in values.items() if value is not None}
    config = PretrainConfig.model_construct(**given)
    return Parameters(count_encoder(config, in_chans), count_decoder(config, in_chans))


def count_sizes(values: Mapping[str, Any], in_chans: int) -> dict[str, Parameters]:
    """What each size would count with the form's patches and this dataset's bands."""
    return {size.key: count_parameters({**values, **size.values}, in_chans) for size in SIZES}
