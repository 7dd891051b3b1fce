"""Frozen features kept on disk by what they depend on, float16, under a budget of bytes.

    <home>/cache/features/<weights digest>/<dataset digest>/<crop>/d<depth>_<pooling>_<split>.npy

`_<split>` is there so that test rows are computed when a depth has been chosen, and not before; `raw` behind
the pooling says that features of inner blocks did not pass the final norm.
"""

import io
import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from backend.files import write_atomic

FEATURE_BYTES = 4 * 10**9
DIGEST_LENGTH = 32
"""128 bits of a SHA-256 name a file."""


class FeatureCache:
    """Arrays by relative path in one folder; over `budget` bytes those go that were unused longest."""

    def __init__(self, folder: Path, budget: int = FEATURE_BYTES) -> None:
        self._folder, self._budget = folder, budget

    def get(self, name: str, rows: int) -> Tensor | None:
        """The float32 (rows, D) kept under a name, or None where there are none of so many rows."""
        path = self._folder / name
        try:
            stored = np.load(path, allow_pickle=False)
            os.utime(path)
        except (FileNotFoundError, ValueError, EOFError):
            return None
        return torch.from_numpy(stored.astype(np.float32)) if len(stored) == rows else None

    def put(self, name: str, features: Tensor) -> None:
        """Keep features (N, D) as float16, unless they alone are over the budget."""
        buffer = io.BytesIO()
        np.save(buffer, features.numpy().astype(np.float16))
        if buffer.tell() > self._budget:
            return
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, buffer.getvalue())
        self._make_room(path)

    def _make_room(self, newest: Path) -> None:
        found = []
        for path in self._folder.rglob("*.np*"):
            with suppress(FileNotFoundError):
                status = path.stat()
                found.append((path == newest, status.st_mtime_ns, status.st_size, path))
        excess = sum(size for _, _, size, _ in found) - self._budget
        for _, _, size, path in sorted(found, key=lambda entry: entry[:2]):
            if excess <= 0:
                return
            path.unlink(missing_ok=True)
            excess -= size


def rounded(features: Tensor) -> Tensor:
    """As they come back from the cache, so that a first probe and a second one see the same."""
    return features.half().float()
