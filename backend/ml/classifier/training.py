"""Training of a classifier, fine-tuned or from random weights."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from timm.utils import ModelEmaV3  # type: ignore[attr-defined]
from torch import Tensor, nn
from torch.nn import functional
from torchvision.transforms.v2 import MixUp

from backend.ml.checkpoints.store import build_model
from backend.ml.classifier.model import Beginning, Classifier, build_classifier, classifier_optimizer
from backend.ml.classifier.predictions import validation_figures
from backend.ml.mae.models_mae import MaskedAutoencoderViT
from backend.ml.pretraining.evaluation import Normaliser
from backend.ml.pretraining.loop import ImageSchedule, Trainee, train_guarded
from backend.ml.pretraining.streams import stream
from backend.ml.runtime.compute import autocast, prepare, resolve_device, resolve_precision
from backend.ml.runtime.contracts import ClassifierData, Outcome, RunIO
from backend.ml.runtime.memory import PeakMemory
from shared.configs import FinetuneConfig, ModelConfig, SupervisedConfig
from shared.contract.runs import CLASSIFIER

AnyClassifierConfig = FinetuneConfig | SupervisedConfig


def fresh_encoder(architecture: ModelConfig, channels: int, seed: int) -> MaskedAutoencoderViT:
    """An encoder whose weights depend on `seed` alone: those that a pretraining of that seed begins with."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream(seed, "weights"))
        model = build_model({"config": architecture.model_dump(), "channels": channels})
    model.drop_decoder()
    return model


class ClassifierTraining(Trainee):
    """A classifier that learns from labels. Mixup and drop-path come from a stream of (seed, step)."""

    score_keys = (CLASSIFIER,)
    score_name: ClassVar = "balanced accuracy on validation"
    model: Classifier

    def __init__(
        self,
        config: AnyClassifierConfig,
        data: ClassifierData,
        begin: Beginning,
        origin: Mapping[str, Any] | None = None,
    ) -> None:
        self.config, self.data, self.device = config, data, resolve_device(config.device)
        self.architecture, self.origin = begin.architecture, origin
        self.dtype = resolve_precision(config, self.device)
        self.model = build_classifier(begin, len(data.class_names), config)
        prepare(self.model, self.device, self.dtype)
        self.optimizer = classifier_optimizer(self.model, config, config.layer_decay)
        self.schedule = ImageSchedule(config, data.images, self.device)
        self.normalise = Normaliser(data, self.device)
        self.labels = torch.from_numpy(data.labels).to(self.device)
        self.mixup = MixUp(alpha=config.mixup, num_classes=len(data.class_names)) if config.mixup else None
        self.average = (
            ModelEmaV3(self.model, decay=config.ema_decay, use_warmup=True) if config.ema_decay else None
        )

    def loss(self, step: int) -> Tensor:
        imgs, labels = self.normalise(self.schedule.batch(step)), self.labels[self.schedule.rows(step)]
        gpus = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=gpus):
            torch.manual_seed(stream(self.config.seed, "regularisation", step))
            if self.mixup is not None:
                imgs, labels = self.mixup(imgs, labels)
            with autocast(self.device, self.dtype):
                logits = self.model(imgs)
        return functional.cross_entropy(logits.float(), labels, label_smoothing=self.config.label_smoothing)

    def after_step(self, step: int) -> None:
        """Update the average of the weights."""
        if self.average is not None:
            self.average.update(self.model, step=step + 1)

    @property
    def classifier(self) -> Classifier:
        """The model that is evaluated: the average of the weights, or the model itself."""
        if self.average is None:
            return self.model
        averaged: Classifier = self.average.module
        return averaged

    @property
    def eval_model(self) -> nn.Module:
        return self.classifier.encoder

    @property
    def head(self) -> nn.Module:
        return self.classifier.head

    def state(self) -> dict[str, Any]:
        """The weights that learn, where their average is what is saved."""
        return {} if self.average is None else {"model": self.model.state_dict()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        if self.average is not None:
            self.model.load_state_dict(state["model"])

    def evaluate(self, tick: Callable[[], None]) -> Iterator[dict[str, float]]:
        yield validation_figures(self.classifier, self.data, self.config, tick)

    def metadata(self) -> dict[str, Any]:
        """What rebuilds the encoder and standardises its images, and what the head is for."""
        return {
            "config": self.architecture.model_dump(mode="json") | self.config.model_dump(mode="json"),
            "channels": self.model.encoder.in_chans,
            "mean": self.data.channel_mean,
            "std": self.data.channel_std,
            "class_names": self.data.class_names,
            "dataset_digest": self.data.dataset_digest,
            "eval_dataset_digest": self.data.dataset_digest,
            "origin": self.origin,
        }


def train_classifier(
    config: AnyClassifierConfig,
    data: ClassifierData,
    begin: Callable[[], Beginning],
    io: RunIO,
    folder: Path,
    memory: PeakMemory | None = None,
    origin: Mapping[str, Any] | None = None,
) -> Outcome:
    """Train on `data` from what `begin` gives, or from folder/checkpoints, and say how it ended.
    `origin` says in each checkpoint where the first weights came from."""
    return train_guarded(
        config,
        len(data.images),
        lambda: ClassifierTraining(config, data, begin(), origin),
        io,
        folder,
        memory or PeakMemory(),
    )
