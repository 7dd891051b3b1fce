"""What a probe worked out before: depth curves, and the references that stand beside every head.

Keyed by all that they depend on, in <home>/cache/probes, under a budget of bytes.
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
"""Raise it where a head comes to other results than before."""


@dataclass(frozen=True)
class Said:
    """What a fitted head said of validation and test rows (N, K), and its words."""

    val: Probabilities
    test: Probabilities
    estimator: str


@dataclass(frozen=True)
class ProbeCache:
    """Results under `facts`, which name everything that they depend on."""

    files: ByteCache
    facts: dict[str, Any]

    @classmethod
    def at(cls, folder: Path, **facts: Any) -> "ProbeCache":
        return cls(ByteCache(folder, PROBE_BYTES), facts | {"version": VERSION})

    def with_facts(self, **more: Any) -> "ProbeCache":
        return replace(self, facts=self.facts | more)

    def curve(self, work: Callable[[], list[DepthPoint]]) -> list[DepthPoint]:
        """A depth curve, worked out where it is not kept."""
        name = f"{self._key()}.json"
        kept = self.files.get(name)
        if kept is not None:
            return [DepthPoint.model_validate(point) for point in json.loads(kept)]
        points = work()
        self.files.put(name, json.dumps([point.model_dump() for point in points]).encode())
        return points

    def said(self, work: Callable[[], Said]) -> Said:
        """A head's answers, worked out where they are not kept."""
        name = f"{self._key()}.npz"
        kept = self.files.get(name)
        if kept is not None:
            with np.load(io.BytesIO(kept), allow_pickle=False) as stored:
                return Said(stored["val"], stored["test"], str(stored["estimator"]))
        found, buffer = work(), io.BytesIO()
        np.savez_compressed(buffer, val=found.val, test=found.test, estimator=np.array(found.estimator))
        self.files.put(name, buffer.getvalue())
        return found

    def _key(self) -> str:
        return sha256(json.dumps(self.facts, sort_keys=True).encode()).hexdigest()[:40]
