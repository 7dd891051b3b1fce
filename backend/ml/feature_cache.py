"""Frozen features kept on disk by what they depend on, float16, under a budget of bytes.

    <home>/cache/features/<weights digest>/<dataset digest>/<crop>/d<depth>_<pooling>_<split>.npy

`_<split>` is there so that test rows are computed when a depth has been chosen, and not before; `raw` behind
the pooling says that features of inner blocks did not pass the final norm.
"""

import io
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from backend.data.byte_cache import ByteCache

FEATURE_BYTES = 4 * 10**9
DIGEST_LENGTH = 32
"""128 bits of a SHA-256 name a file."""


class FeatureCache:
    """Arrays by relative path in one folder; over `budget` bytes those go that were unused longest."""

    def __init__(self, folder: Path, budget: int = FEATURE_BYTES) -> None:
        self._files = ByteCache(folder, budget)

    def get(self, name: str, rows: int) -> Tensor | None:
        """The float32 (rows, D) kept under a name, or None where there are none of so many rows."""
        data = self._files.get(name)
        if data is None:
            return None
        try:
            stored = np.load(io.BytesIO(data), allow_pickle=False)
        except (ValueError, EOFError):
            return None
        return torch.from_numpy(stored.astype(np.float32)) if len(stored) == rows else None

    def put(self, name: str, features: Tensor) -> None:
        """Keep features (N, D) as float16, unless they alone are over the budget."""
        buffer = io.BytesIO()
        np.save(buffer, features.numpy().astype(np.float16))
        self._files.put(name, buffer.getvalue())


def rounded(features: Tensor) -> Tensor:
    """As they come back from the cache, so that a first probe and a second one see the same."""
    return features.half().float()
