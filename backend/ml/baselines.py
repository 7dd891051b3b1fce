"""What can be had without a model: raw pixels and the majority class, to stand beside every accuracy."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from backend.ml.contracts import Labels, Pixels
from backend.ml.probe import accuracy, balanced_accuracy, knn_predict, linear_probe, standardise_features

SIDE = 32
BLOCK = 256


def raw_pixels(images: Pixels) -> Tensor:
    """(N, H, W, C) uint8 → (N, 32 · 32 · C) float32, by area average where the image is larger; as floats
    only a block of the images is ever in memory at its full size."""
    blocks = [_shrunk(images[start : start + BLOCK]) for start in range(0, len(images), BLOCK)]
    return torch.cat(blocks) if blocks else torch.zeros(0, SIDE * SIDE * images.shape[-1])


def _shrunk(images: Pixels) -> Tensor:
    scaled = torch.from_numpy(images.astype(np.float32) / 255.0).permute(0, 3, 1, 2)
    if scaled.shape[-1] > SIDE:
        scaled = functional.interpolate(scaled, size=(SIDE, SIDE), mode="area")
    return scaled.flatten(1)


def majority_class(labels: Labels) -> int:
    """The most frequent label; the smaller of two equally frequent."""
    values, counts = np.unique(labels, return_counts=True)
    return int(values[counts.argmax()])


def raw_pixel_baselines(
    train_images: Pixels,
    train_labels: Labels,
    val_images: Pixels,
    val_labels: Labels,
    n_classes: int,
    k: int = 20,
    temperature: float = 0.07,
) -> dict[str, float]:
    """Accuracy and balanced accuracy on validation of the most frequent train class, and of k-NN and a
    linear probe on 32 × 32 pixels; rows labelled −1 are left out."""
    train, val = train_labels >= 0, val_labels >= 0
    train_x, val_x = raw_pixels(train_images[train]), raw_pixels(val_images[val])
    train_y = torch.from_numpy(train_labels[train].astype(np.int64))
    truth: NDArray[np.int64] = val_labels[val].astype(np.int64)
    standard_train, standard_val = standardise_features(train_x, val_x)
    linear = linear_probe(train_x, train_y, val_x, torch.from_numpy(truth), n_classes)
    predictions = {
        "majority": np.full_like(truth, majority_class(train_labels[train])),
        "raw_pixel_knn": knn_predict(standard_train, train_y, standard_val, k, temperature, n_classes),
        "raw_pixel_linear": linear.predicted,
    }
    figures: dict[str, float] = {}
    for name, predicted in predictions.items():
        figures[f"{name}_accuracy"] = accuracy(truth, predicted)
        figures[f"{name}_balanced_accuracy"] = balanced_accuracy(truth, predicted)
    return figures
