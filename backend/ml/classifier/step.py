"""One optimiser step of a classifier, and all that it depends on: (config, data, step) and the weights."""

import torch
from torch import Tensor, optim
from torch.nn import functional
from torchvision.transforms.v2 import MixUp

from backend.ml.classifier.model import Classifier
from backend.ml.pretraining.evaluation import Normaliser
from backend.ml.pretraining.schedule import ScheduledImages
from backend.ml.pretraining.streams import stream
from backend.ml.pretraining.training_step import descend
from backend.ml.runtime.compute import autocast, resolve_precision
from backend.ml.runtime.contracts import ClassifierData
from shared.configs import ClassifierConfig


class ClassifierStep(ScheduledImages):
    """Call it with a step to take that step. Mixup and left-out branches come from a stream of (seed,
    step)."""

    def __init__(
        self,
        config: ClassifierConfig,
        data: ClassifierData,
        model: Classifier,
        optimizer: optim.Optimizer,
        device: torch.device,
    ) -> None:
        super().__init__(config, data.images, device)
        self.config, self.model, self.optimizer = config, model, optimizer
        self.dtype = resolve_precision(config, device)
        self.normalise = Normaliser(data, device)
        self.labels = torch.from_numpy(data.labels).to(device)
        self.mixup = MixUp(alpha=config.mixup, num_classes=len(data.class_names)) if config.mixup else None

    def __call__(self, step: int) -> Tensor:
        """Take `step`, counted from 0; the loss before it, detached and still on the device."""
        imgs, labels = self.normalise(self.batch(step)), self.labels[self.rows(step)]
        gpus = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=gpus):
            torch.manual_seed(stream(self.config.seed, "regularisation", step))
            if self.mixup is not None:
                imgs, labels = self.mixup(imgs, labels)
            with autocast(self.device, self.dtype):
                logits = self.model(imgs)
            loss = functional.cross_entropy(
                logits.float(), labels, label_smoothing=self.config.label_smoothing
            )
            return descend(self.optimizer, loss, self.lr(step))
