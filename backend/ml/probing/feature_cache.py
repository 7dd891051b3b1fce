"""Frozen features kept on disk by what they depend on (see backend.data.feature_files), under a budget of
bytes.

Each split has files of its own, so that test rows are computed when a depth has been chosen, and not before.
"""

import io
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from backend.data.byte_cache import ByteCache
from backend.data.feature_files import read_features

FEATURE_BYTES = 4 * 10**9


class FeatureCache:
    """Arrays by relative path in one folder; over `budget` bytes those go that were unused longest."""

    def __init__(self, folder: Path, budget: int = FEATURE_BYTES) -> None:
        self.folder = folder
        self._files = ByteCache(folder, budget)

    def get(self, name: str, rows: int) -> Tensor | None:
        """The float32 (rows, D) kept under a name, or None where there are none of so many rows."""
        stored = read_features(self.folder / name, rows)
        return None if stored is None else torch.from_numpy(stored.astype(np.float32))

    def has(self, name: str) -> bool:
        return (self.folder / name).is_file()

    def put(self, name: str, features: Tensor) -> None:
        """Keep features (N, D) as float16, unless they alone are over the budget."""
        buffer = io.BytesIO()
        np.save(buffer, features.numpy().astype(np.float16))
        self._files.put(name, buffer.getvalue())


def rounded(features: Tensor) -> Tensor:
    """As they come back from the cache, so that a first probe and a second one see the same."""
    return features.half().float()
