"""The images and the learning rate of each step: functions of (config, step) alone."""

import torch
from torch import Tensor

from backend.ml.pretraining.streams import augment_step, epoch_order
from backend.ml.runtime.compute import to_tensor
from backend.ml.runtime.contracts import Pixels
from shared.configs import TrainingConfig
from shared.planning.schedule import learning_rate


class ImageSchedule:
    """The images of a training (N, H, W, C) uint8, resident on its device, and the step that sees each.

    Order and augmentation come from streams of (seed, epoch) and (seed, step): a resumed run repeats an
    uninterrupted one, bit for bit on a CPU. The last, incomplete batch of an epoch is dropped.
    """

    def __init__(self, config: TrainingConfig, images: Pixels, device: torch.device) -> None:
        self._config, self.device = config, device
        self.images = to_tensor(images, device)
        self.steps_per_epoch = len(images) // config.batch_size
        self.total_steps = self.steps_per_epoch * config.epochs
        self._order: tuple[int, Tensor] | None = None

    def epoch(self, step: int) -> float:
        """Epochs done when `step` steps have been taken."""
        return step / self.steps_per_epoch

    def lr(self, step: int) -> float:
        """Learning rate of `step`, counted from 0."""
        config = self._config
        return learning_rate(
            self.epoch(step),
            peak=config.lr,
            min_lr=config.min_lr,
            warmup_epochs=config.warmup_epochs,
            epochs=config.epochs,
        )

    def rows(self, step: int) -> Tensor:
        """Indices (batch_size,) of the images of `step`."""
        epoch, place = divmod(step, self.steps_per_epoch)
        size = self._config.batch_size
        return self._epoch_order(epoch)[place * size : (place + 1) * size]

    def batch(self, step: int) -> Tensor:
        """The augmented images (N, H, W, C) of `step`, on the scale 0 to 255."""
        return augment_step(self.images[self.rows(step)], self._config, step)

    def _epoch_order(self, epoch: int) -> Tensor:
        if self._order is None or self._order[0] != epoch:
            order = epoch_order(self._config.seed, epoch, len(self.images))
            self._order = (epoch, order.to(self.device))
        return self._order[1]
