"""Baselines without a model: raw pixels and the majority class, to compare every accuracy with."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from backend.data.layout import Rows
from backend.data.store import GalaxyStore
from backend.ml.probing.probe import (
    accuracy,
    balanced_accuracy,
    knn_votes,
    standardise_features,
    standardised_probe,
)
from backend.ml.runtime.contracts import Labels, Pixels

SIDE = 32
BLOCK_BYTES = 4 * 2**20


def raw_pixels(read: Callable[[Rows], Pixels], rows: Rows, block: int = 256) -> Tensor:
    """The images (N, H, W, C) uint8 that `read` returns for `rows` → (N, 32 · 32 · C) float32, larger ones by
    area average; only `block` of them are in memory at full size."""
    pixels: Tensor | None = None
    for start in range(0, max(len(rows), 1), block):
        shrunk = _shrunk(read(rows[start : start + block]))
        pixels = torch.empty(len(rows), shrunk.shape[1]) if pixels is None else pixels
        pixels[start : start + len(shrunk)] = shrunk
    return torch.zeros(0, 0) if pixels is None else pixels


def stored_pixels(store: GalaxyStore, rows: Rows) -> Tensor:
    """The `raw_pixels` of a dataset's rows, few at a time at full size."""
    return raw_pixels(store.images, rows, max(1, BLOCK_BYTES // (store.img_size**2 * store.channels)))


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
    train_pixels: Tensor,
    train_labels: Labels,
    val_pixels: Tensor,
    val_labels: Labels,
    n_classes: int,
    k: int = 20,
    temperature: float = 0.07,
) -> dict[str, float]:
    """Accuracy and balanced accuracy on validation of the most frequent train class, and of k-NN and a
    linear probe on `raw_pixels` (N, P); rows labelled −1 are left out."""
    train_x, train_labels = _labelled(train_pixels, train_labels)
    val_x, val_labels = _labelled(val_pixels, val_labels)
    train_y = torch.from_numpy(train_labels.astype(np.int64))
    truth: NDArray[np.int64] = val_labels.astype(np.int64)
    train_x, val_x = standardise_features(train_x, val_x)
    del train_pixels, val_pixels  # freed if the caller kept none: at this width each copy counts
    votes = knn_votes(train_x, train_y, val_x, k, temperature, n_classes)
    linear = standardised_probe(train_x, train_y, val_x, torch.from_numpy(truth), n_classes)
    predictions = {
        "majority": np.full_like(truth, majority_class(train_labels)),
        "raw_pixel_knn": votes.argmax(dim=1).numpy(),
        "raw_pixel_linear": linear.predicted,
    }
    figures: dict[str, float] = {}
    for name, predicted in predictions.items():
        figures[f"{name}_accuracy"] = accuracy(truth, predicted)
        figures[f"{name}_balanced_accuracy"] = balanced_accuracy(truth, predicted)
    return figures


def _labelled(pixels: Tensor, labels: Labels) -> tuple[Tensor, Labels]:
    """Those with a label; without a copy if all have one."""
    known = labels >= 0
    return (pixels, labels) if known.all() else (pixels[torch.from_numpy(known)], labels[known])
