"""Predictions of a classifier: on validation rows as it trains, and by its best checkpoint at the end."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from backend.ml.checkpoints.store import CheckpointStore, build_model
from backend.ml.classifier.model import Beginning, Classifier, build_classifier
from backend.ml.pretraining.evaluation import Normaliser, device_of
from backend.ml.probing.heads import softmax
from backend.ml.probing.probe import accuracy, balanced_accuracy
from backend.ml.runtime.compute import autocast, prepare, resolve_device, resolve_precision
from backend.ml.runtime.contracts import ClassifierData, Pixels
from shared.configs import ClassifierConfig, ModelConfig

Tick = Callable[[], None]


def validation_figures(
    model: Classifier, data: ClassifierData, config: ClassifierConfig, tick: Tick
) -> dict[str, float]:
    """Cross-entropy (without smoothing), accuracy and balanced accuracy on validation rows."""
    normaliser = Normaliser(data, device_of(model.encoder))
    logits = predict_logits(model, data.val_images, normaliser, config, tick)
    truth, predicted = data.val_labels, logits.argmax(dim=1).numpy()
    return {
        "val/loss": float(functional.cross_entropy(logits, torch.from_numpy(truth))),
        "val/accuracy": accuracy(truth, predicted),
        "val/balanced_accuracy": balanced_accuracy(truth, predicted),
    }


@torch.inference_mode()
def predict_logits(
    model: Classifier, images: Pixels, normalise: Normaliser, config: ClassifierConfig, tick: Tick
) -> Tensor:
    """Logits (N, K) float32 on the CPU of uint8 images (N, H, W, C); restores the mode of the model."""
    device, training, found = normalise.device, model.training, []
    model.eval()
    try:
        for imgs in normalise.batches(images):
            with autocast(device, resolve_precision(config, device)):
                found.append(model(imgs).float().cpu())
            tick()
    finally:
        model.train(training)
    return torch.cat(found)


@dataclass(frozen=True)
class TrainedClassifier:
    """The classifier of one checkpoint, ready to predict."""

    model: Classifier
    config: ClassifierConfig
    normalise: Normaliser
    step: int

    def probabilities(self, images: Pixels, tick: Tick) -> NDArray[np.float64]:
        """(N, K) of uint8 images (N, H, W, C) at the model's size."""
        return softmax(predict_logits(self.model, images, self.normalise, self.config, tick))


def best_classifier(folder: Path, config: ClassifierConfig, data: ClassifierData) -> TrainedClassifier:
    """The best checkpoint below `folder`/checkpoints, else the last. Raises FileNotFoundError."""
    store, device = CheckpointStore(folder / "checkpoints", keep=0), resolve_device(config.device)
    step = store.best_step()
    step = store.last_step() if step is None else step
    if step is None:
        raise FileNotFoundError(f"{folder.name} has no checkpoint")
    meta = store.meta(step)
    encoder = build_model(meta)
    encoder.drop_decoder()
    begin = Beginning(encoder, ModelConfig.of(meta["config"]))
    model = build_classifier(begin, len(data.class_names), config)
    store.load(step, model.encoder, model.head)
    prepare(model, device, resolve_precision(config, device))
    return TrainedClassifier(model, config, Normaliser(data, device), step)
