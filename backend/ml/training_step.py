"""One optimiser step, and all that it depends on: (config, data, step) and the weights."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn, optim

from backend.ml.compute import autocast, move, resolve_precision, to_tensor
from backend.ml.contracts import PretrainData
from backend.ml.evaluation import Normaliser
from backend.ml.models_mae import MaskedAutoencoderViT
from backend.ml.streams import augment_step, epoch_order, masking_noise
from shared.configs import PretrainConfig
from shared.schedule import learning_rate

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


class TrainingStep:
    """Call it with a step to take that step; `lr` tells the rate it uses.

    Order, augmentation and masks come from streams of (seed, epoch) and (seed, step): a resumed run repeats
    an uninterrupted one, bit for bit on a CPU. The last, incomplete batch of an epoch is dropped.
    """

    def __init__(
        self,
        config: PretrainConfig,
        data: PretrainData,
        model: MaskedAutoencoderViT,
        optimizer: optim.Optimizer,
        device: torch.device,
    ) -> None:
        self.config, self.model, self.optimizer, self.device = config, model, optimizer, device
        self.dtype = resolve_precision(config, device)
        self.images = to_tensor(data.images, device)  # (N, H, W, C) uint8, resident
        self.normalise = Normaliser(data, device)
        self.steps_per_epoch = len(data.images) // config.batch_size
        self.total_steps = self.steps_per_epoch * config.epochs
        self._order: tuple[int, Tensor] | None = None

    def epoch(self, step: int) -> float:
        """Epochs done when `step` steps have been taken."""
        return step / self.steps_per_epoch

    def lr(self, step: int) -> float:
        """Learning rate of `step`, counted from 0."""
        config = self.config
        return learning_rate(
            self.epoch(step),
            peak=config.lr,
            min_lr=config.min_lr,
            warmup_epochs=config.warmup_epochs,
            epochs=config.epochs,
        )

    def batch(self, step: int) -> Tensor:
        """The augmented images (N, H, W, C) of `step`, on the scale 0 to 255."""
        return augment_step(self.images[self.rows(step)], self.config, step)

    def rows(self, step: int) -> Tensor:
        """Which images (N,) the batch of `step` is of."""
        epoch, place = divmod(step, self.steps_per_epoch)
        size = self.config.batch_size
        return self._epoch_order(epoch)[place * size : (place + 1) * size]

    def noise(self, step: int) -> Tensor:
        """Masking noise (N, L) of `step`."""
        return move(masking_noise(self.config, step), self.device)

    def __call__(self, step: int) -> Tensor:
        """Take `step`, counted from 0; the loss before it, detached and still on the device."""
        return self.learn(self.normalise(self.batch(step)), self.noise(step), self.lr(step))

    def learn(self, imgs: Tensor, noise: Tensor, lr: float) -> Tensor:
        """Forward, backward and optimiser step on standardised imgs (N, C, H, W)."""
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        with autocast(self.device, self.dtype):
            loss, _, _ = self.model(imgs, self.config.mask_ratio, noise)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        detached: Tensor = loss.detach()
        return detached

    def _epoch_order(self, epoch: int) -> Tensor:
        if self._order is None or self._order[0] != epoch:
            order = epoch_order(self.config.seed, epoch, len(self.images))
            self._order = (epoch, order.to(self.device))
        return self._order[1]
