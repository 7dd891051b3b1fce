"""Cached results of probes: depth curves, and the baselines beside every head.

Keyed by everything they depend on, in <home>/cache/probes, under a budget of bytes.
"""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from backend.data.byte_cache import ByteCache
from backend.ml.probing.heads import Probabilities
from shared.contract.evaluations import DepthPoint

PROBE_BYTES = 200 * 10**6
VERSION = 1
"""Increase it when the results of a head change."""


@dataclass(frozen=True)
class HeadPredictions:
    """Probabilities (N, K) of a fitted head for validation and test rows, and its description."""

    val: Probabilities
    test: Probabilities
    estimator: str


@dataclass(frozen=True)
class ProbeCache:
    """Results by `facts`, everything they depend on."""

    files: ByteCache
    facts: dict[str, Any]

    @classmethod
    def at(cls, folder: Path, **facts: Any) -> "ProbeCache":
        return cls(ByteCache(folder, PROBE_BYTES), facts | {"version": VERSION})

    def with_facts(self, **more: Any) -> "ProbeCache":
        return replace(self, facts=self.facts | more)

    def curve(self, work: Callable[[], list[DepthPoint]]) -> list[DepthPoint]:
        """A depth curve from the cache, else from `work`."""
        name = f"{self._key()}.json"
        stored = self.files.get(name)
        if stored is not None:
            return [DepthPoint.model_validate(point) for point in json.loads(stored)]
        points = work()
        self.files.put(name, json.dumps([point.model_dump() for point in points]).encode())
        return points

    def predictions(self, work: Callable[[], HeadPredictions]) -> HeadPredictions:
        """A head's predictions from the cache, else from `work`."""
        name = f"{self._key()}.npz"
        stored = self.files.get(name)
        if stored is not None:
            with np.load(io.BytesIO(stored), allow_pickle=False) as file:
                return HeadPredictions(file["val"], file["test"], str(file["estimator"]))
        found, buffer = work(), io.BytesIO()
        np.savez_compressed(buffer, val=found.val, test=found.test, estimator=np.array(found.estimator))
        self.files.put(name, buffer.getvalue())
        return found

    def _key(self) -> str:
        return sha256(json.dumps(self.facts, sort_keys=True).encode()).hexdigest()[:40]
