"""Features of an encoder as vectors: standardised by the train rows, then of length 1.

Shapes: N galaxies, D features. Features come in parts, side by side (cls, mean).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.base.vocabulary import SPLIT_CODES, Split

Vectors = NDArray[np.float32]
Features = NDArray[np.float32] | NDArray[np.float16]
"""As stored, or as earlier versions stored them."""
BLOCK = 65_536
MIN_STD = 1e-6


def train_rows(splits: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Rows (N,) that define the standardisation: the train split, labelled or not; all if it is empty."""
    train: NDArray[np.bool_] = splits == SPLIT_CODES[Split.TRAIN]
    return train if train.any() else np.ones_like(train)


def standard_of(parts: Sequence[Features], train: NDArray[np.bool_]) -> tuple[Vectors, Vectors]:
    """Mean and one over the standard deviation of the train rows (D,); a constant feature becomes 0."""
    means, scales = [], []
    for part in parts:
        chosen = part[train].astype(np.float32)
        means.append(chosen.mean(axis=0, dtype=np.float64))
        std = chosen.std(axis=0, dtype=np.float64)
        scales.append(np.where(std > MIN_STD, 1 / np.maximum(std, MIN_STD), 0.0))
    return np.concatenate(means).astype(np.float32), np.concatenate(scales).astype(np.float32)


def standardised(parts: Sequence[Features], mean: Vectors, scale: Vectors) -> Vectors:
    """Vectors (N, D) of length 1, made a block at a time."""
    vectors = np.empty((len(parts[0]), len(mean)), np.float32)
    for start in range(0, len(vectors), BLOCK):
        block = np.concatenate([part[start : start + BLOCK] for part in parts], axis=1)
        vectors[start : start + BLOCK] = unit((block.astype(np.float32) - mean) * scale)
    return vectors


def unit(vectors: Vectors) -> Vectors:
    """Vectors of length 1; 0 stays 0."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.float32(1e-12)))
