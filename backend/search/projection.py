"""Two dimensions of many: principal components, and those of one space turned onto another.

Shapes: N galaxies, D features of each. Nothing here is random: the same vectors give the same map.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from backend.search.vectors import Vectors

PROJECTION_BYTES = 500 * 10**6
"""Of all projections that are kept."""
BLOCK = 8_192
"""Rows that are multiplied at once."""
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Projected:
    """Points (N, 2) float32. `shares` of the variance along them, where the dimensions are directions of the
    space; empty where they are not."""

    points: Vectors
    shares: tuple[float, ...] = ()

    def to_bytes(self) -> bytes:
        """As an .npz."""
        buffer = io.BytesIO()
        np.savez(buffer, points=self.points, shares=np.array(self.shares))
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Projected":
        """What `to_bytes` wrote."""
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            return cls(stored["points"], tuple(stored["shares"].tolist()))


@dataclass(frozen=True)
class Components:
    """The first principal components of some vectors: their mean (D,), directions (D, m) of length 1, and the
    share of the variance along each."""

    mean: Matrix
    directions: Matrix
    shares: tuple[float, ...]

    def scores(self, vectors: Vectors) -> Vectors:
        """Coordinates (N, m) along the directions."""
        directions = self.directions.astype(np.float32)
        found: Vectors = vectors @ directions - (self.mean @ self.directions).astype(np.float32)
        return found


def components_of(vectors: Vectors, m: int = 2) -> Components:
    """The m directions of most variance. Of a direction and its opposite, the one whose largest loading is
    positive: then repeated calls agree."""
    from scipy.linalg import eigh  # scipy where a map is made, not in every process

    mean, scatter = _moments(vectors)
    width = len(mean)
    values, directions = eigh(scatter, subset_by_index=(max(width - m, 0), width - 1))
    values, directions = np.maximum(values[::-1], 0), directions[:, ::-1]
    signs = np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])])
    total = max(float(np.trace(scatter)), 1e-30)
    return Components(mean, directions * signs, tuple(float(value / total) for value in values))


def project_pca(vectors: Vectors) -> Projected:
    """The plane of most variance."""
    found = components_of(vectors)
    return Projected(_plane(found.scores(vectors)), found.shares)


def project_aligned(vectors: Vectors, onto: Vectors) -> Projected:
    """Vectors turned as a whole until the galaxies are as near as can be to those of `onto` (N, D), seen in
    the plane of most variance of `onto`. Turning and mirroring leave all distances as they are: what still
    moves between two maps has moved in the space (Schönemann 1966, orthogonal Procrustes without scaling).
    Of spaces of unlike width, directions of the wider one without a partner in the other are not seen."""
    plane = components_of(onto)
    mean = vectors.mean(axis=0, dtype=np.float64)
    left, _, right = np.linalg.svd(_cross(vectors, mean, onto, plane.mean), full_matrices=False)
    seen = Components(mean, left @ right @ plane.directions, ())
    points = seen.scores(vectors)
    _, scatter = _moments(vectors)
    along = (points.astype(np.float64) ** 2).sum(axis=0) / max(float(np.trace(scatter)), 1e-30)
    return Projected(_plane(points), tuple(along.tolist()))


def projection_name(method: str, files: Sequence[str], **settings: object) -> str:
    """The name under which a projection is kept: of the method, the files of features it is made from, and
    whatever else it depends on."""
    facts = json.dumps([method, list(files), settings], sort_keys=True)
    digest = sha256(facts.encode()).hexdigest()
    return f"{digest[:2]}/{digest}.npz"


def _moments(vectors: Vectors) -> tuple[Matrix, Matrix]:
    """Mean (D,) and scatter (D, D): products of the deviations, summed."""
    mean = vectors.mean(axis=0, dtype=np.float64)
    return mean, _cross(vectors, mean, vectors, mean, np.float32)


def _cross(
    a: Vectors, mean_a: Matrix, b: Vectors, mean_b: Matrix, exactly: type[np.floating] = np.float64
) -> Matrix:
    """(D, D): products of the deviations of `a` and `b`, summed over galaxies, a block at a time. float32 is
    four times as fast, and close enough where nothing is turned back by it."""
    total = np.zeros((a.shape[1], b.shape[1]))
    for start in range(0, len(a), BLOCK):
        one = a[start : start + BLOCK] - mean_a.astype(exactly)
        other = b[start : start + BLOCK] - mean_b.astype(exactly)
        total += one.T @ other
    return total


def _plane(scores: Vectors) -> Vectors:
    """(N, 2), also of vectors with one feature."""
    missing = 2 - scores.shape[1]
    return np.ascontiguousarray(np.pad(scores, ((0, 0), (0, max(missing, 0)))), np.float32)
