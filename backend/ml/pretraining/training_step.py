"""One optimiser step, and all that it depends on: (config, data, step) and the weights."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn, optim

from backend.ml.mae.models_mae import MaskedAutoencoderViT
from backend.ml.pretraining.evaluation import Normaliser
from backend.ml.pretraining.schedule import ScheduledImages
from backend.ml.pretraining.streams import masking_noise
from backend.ml.runtime.compute import autocast, move, resolve_precision
from backend.ml.runtime.contracts import PretrainData
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


class TrainingStep(ScheduledImages):
    """Call it with a step to take that step; `lr` tells the rate it uses. Masks come from a stream of
    (seed, step)."""

    def __init__(
        self,
        config: PretrainConfig,
        data: PretrainData,
        model: MaskedAutoencoderViT,
        optimizer: optim.Optimizer,
        device: torch.device,
    ) -> None:
        super().__init__(config, data.images, device)
        self.config, self.model, self.optimizer = config, model, optimizer
        self.dtype = resolve_precision(config, device)
        self.normalise = Normaliser(data, device)

    def noise(self, step: int) -> Tensor:
        """Masking noise (N, L) of `step`."""
        return move(masking_noise(self.config, step), self.device)

    def __call__(self, step: int) -> Tensor:
        """Take `step`, counted from 0; the loss before it, detached and still on the device."""
        return self.learn(self.normalise(self.batch(step)), self.noise(step), self.lr(step))

    def learn(self, imgs: Tensor, noise: Tensor, lr: float) -> Tensor:
        """Forward, backward and optimiser step on standardised imgs (N, C, H, W)."""
        with autocast(self.device, self.dtype):
            loss, _, _ = self.model(imgs, self.config.mask_ratio, noise)
        return descend(self.optimizer, loss, lr)


def descend(optimizer: optim.Optimizer, loss: Tensor, lr: float) -> Tensor:
    """One optimiser step down `loss` at `lr` times the lr_scale of each group; the loss, detached."""
    for group in optimizer.param_groups:
        group["lr"] = lr * group.get("lr_scale", 1.0)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.detach()
