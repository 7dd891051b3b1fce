"""Training of a classifier, fine-tuned or from random weights."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from timm.utils import ModelEmaV3  # type: ignore[attr-defined]
from torch import nn

from backend.ml.checkpoints.store import build_model
from backend.ml.classifier.model import Beginning, Classifier, build_classifier, classifier_optimizer
from backend.ml.classifier.predictions import validation_figures
from backend.ml.classifier.step import ClassifierStep
from backend.ml.mae.models_mae import MaskedAutoencoderViT
from backend.ml.pretraining.streams import stream
from backend.ml.pretraining.training import Training, train_guarded
from backend.ml.runtime.compute import prepare, resolve_device, resolve_precision
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


class ClassifierTraining(Training):
    """One training of a classifier at one step of its life."""

    score_keys = (CLASSIFIER,)
    judge: ClassVar = "balanced accuracy on validation"
    config: AnyClassifierConfig
    model: Classifier
    take_step: ClassifierStep

    def __init__(
        self,
        config: AnyClassifierConfig,
        data: ClassifierData,
        begin: Beginning,
        io: RunIO,
        folder: Path,
        memory: PeakMemory,
        origin: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(config, io, folder, memory, resolve_device(config.device))
        self.data, self.architecture, self.origin = data, begin.architecture, origin
        self.model = build_classifier(begin, len(data.class_names), config)
        prepare(self.model, self.device, resolve_precision(config, self.device))
        self.optimizer = classifier_optimizer(self.model, config, config.layer_decay)
        self.take_step = ClassifierStep(config, data, self.model, self.optimizer, self.device)
        self.average = (
            ModelEmaV3(self.model, decay=config.ema_decay, use_warmup=True) if config.ema_decay else None
        )

    def after_step(self) -> None:
        """Move the average of the weights along."""
        if self.average is not None:
            self.average.update(self.model, step=self.step)

    @property
    def classifier(self) -> Classifier:
        """What is judged: the model, or the average of its weights."""
        if self.average is None:
            return self.model
        averaged: Classifier = self.average.module
        return averaged

    @property
    def judged(self) -> nn.Module:
        return self.classifier.encoder

    @property
    def head(self) -> nn.Module:
        return self.classifier.head

    def state(self) -> dict[str, Any]:
        """The weights that learn, where others are judged."""
        return {} if self.average is None else {"model": self.model.state_dict()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        if self.average is not None:
            self.model.load_state_dict(state["model"])

    def evaluations(self) -> Iterator[dict[str, float]]:
        yield validation_figures(self.classifier, self.data, self.config, self.tick)

    def facts(self) -> dict[str, Any]:
        """All that is needed to rebuild the encoder and to standardise for it; what the head is for."""
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
    """Train on `data` from what `begin` gives, or go on from folder/checkpoints, and say how it ended.
    `origin` says in each checkpoint where the first weights came from."""
    known = memory or PeakMemory()
    return train_guarded(
        config,
        len(data.images),
        lambda: ClassifierTraining(config, data, begin(), io, folder, known, origin),
    )
