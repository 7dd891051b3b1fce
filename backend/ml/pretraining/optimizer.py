"""AdamW, and which parameters decay."""

from collections.abc import Iterable
from typing import Any

from torch import nn, optim

from shared.configs import PretrainConfig

TOKENS = ("cls_token", "mask_token")
BETAS = (0.9, 0.95)


def parameter_groups(named: Iterable[tuple[str, nn.Parameter]], weight_decay: float) -> list[dict[str, Any]]:
    """Matrices with `weight_decay`; vectors (biases, norms) and tokens without."""
    decayed: list[nn.Parameter] = []
    free: list[nn.Parameter] = []
    for name, parameter in named:
        (free if parameter.ndim < 2 or name in TOKENS else decayed).append(parameter)
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]


def build_optimizer(model: nn.Module, config: PretrainConfig) -> optim.AdamW:
    """Fused AdamW, β = (0.9, 0.95); its learning rate is set at every step."""
    groups = parameter_groups(model.named_parameters(), config.weight_decay)
    return optim.AdamW(groups, lr=config.lr, betas=BETAS, fused=True)
