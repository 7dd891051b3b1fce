"""Two dimensions of many: principal components, those of one space turned onto another, and t-SNE.

Shapes: N galaxies, D features of each. The same vectors, and for t-SNE the same seed, give the same map.
"""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import count

import numpy as np
from numpy.typing import NDArray

from backend.search.vectors import Vectors

PROJECTION_BYTES = 500 * 10**6
"""Size of the cache of projections."""
BLOCK = 8_192
"""Rows multiplied at once."""
ITERATIONS, EXAGGERATED, TICK_EVERY = 1000, 250, 50
"""Of t-SNE: steps in all, with early exaggeration, and between two calls of `tick`."""
FIRST_COMPONENTS = 50
"""t-SNE looks for neighbours among the first principal components: less noise, and faster."""
Matrix = NDArray[np.float64]
Tick = Callable[[int, int], None]


@dataclass(frozen=True)
class Projection:
    """Points (N, 2) float32, and the `shares` of the variance along the two axes, empty for t-SNE."""

    points: Vectors
    shares: tuple[float, ...] = ()

    def to_bytes(self) -> bytes:
        """As an .npz."""
        buffer = io.BytesIO()
        np.savez(buffer, points=self.points, shares=np.array(self.shares))
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Projection":
        """Read what `to_bytes` wrote."""
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            return cls(stored["points"], tuple(stored["shares"].tolist()))


@dataclass(frozen=True)
class Components:
    """The first principal components: mean (D,), unit directions (D, m), and their shares of the variance."""

    mean: Matrix
    directions: Matrix
    shares: tuple[float, ...]

    def scores(self, vectors: Vectors) -> Vectors:
        """Coordinates (N, m) along the directions."""
        directions = self.directions.astype(np.float32)
        scores: Vectors = vectors @ directions - (self.mean @ self.directions).astype(np.float32)
        return scores


def components_of(vectors: Vectors, m: int = 2) -> Components:
    """The m directions of most variance, their largest loading positive so that repeated calls agree."""
    from scipy.linalg import eigh  # on first use: most processes make no map

    mean, scatter = _moments(vectors)
    width = len(mean)
    values, directions = eigh(scatter, subset_by_index=(max(width - m, 0), width - 1))
    values, directions = np.maximum(values[::-1], 0), directions[:, ::-1]
    signs = np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])])
    total = max(float(np.trace(scatter)), 1e-30)
    return Components(mean, directions * signs, tuple(float(value / total) for value in values))


def project_pca(vectors: Vectors) -> Projection:
    """The plane of most variance."""
    components = components_of(vectors)
    return Projection(_plane(components.scores(vectors)), components.shares)


def project_aligned(vectors: Vectors, onto: Vectors) -> Projection:
    """Vectors rotated to lie as near as possible to `onto` (N, D), in the plane of most variance of `onto`
    (orthogonal Procrustes without scaling, Schönemann 1966). Rotations keep distances, so what differs
    between the two maps differs between the spaces. Extra directions of a wider space are not shown."""
    plane = components_of(onto)
    mean = vectors.mean(axis=0, dtype=np.float64)
    left, _, right = np.linalg.svd(_cross(vectors, mean, onto, plane.mean), full_matrices=False)
    points = Components(mean, left @ right @ plane.directions, ()).scores(vectors)
    _, scatter = _moments(vectors)
    along = (points.astype(np.float64) ** 2).sum(axis=0) / max(float(np.trace(scatter)), 1e-30)
    return Projection(_plane(points), tuple(along.tolist()))


def project_tsne(vectors: Vectors, *, perplexity: float, seed: int, tick: Tick) -> Projection:
    """Points (N, 2) that keep near neighbours near (van der Maaten and Hinton 2008); distances between groups
    mean little. `tick(done, all)` is called every TICK_EVERY steps; what it raises ends the work."""
    from openTSNE import TSNE

    steps = count(TICK_EVERY, TICK_EVERY)  # openTSNE counts each of its two phases from 0

    def report(*_: object) -> bool:
        tick(next(steps), ITERATIONS)
        return False

    first = components_of(vectors, min(FIRST_COMPONENTS, vectors.shape[1])).scores(vectors)
    tick(0, ITERATIONS)
    model = TSNE(
        perplexity=perplexity,
        early_exaggeration_iter=EXAGGERATED,
        n_iter=ITERATIONS - EXAGGERATED,
        callbacks=report,
        callbacks_every_iters=TICK_EVERY,
        random_state=seed,
    )
    return Projection(np.ascontiguousarray(model.fit(first), np.float32))


def projection_name(method: str, files: Sequence[str], **settings: object) -> str:
    """The name of a projection in the cache, from its method, feature files and settings."""
    digest = sha256(json.dumps([method, list(files), settings], sort_keys=True).encode()).hexdigest()
    return f"{digest[:2]}/{digest}.npz"


def _moments(vectors: Vectors) -> tuple[Matrix, Matrix]:
    """Mean (D,) and scatter (D, D): products of the deviations, summed."""
    mean = vectors.mean(axis=0, dtype=np.float64)
    return mean, _cross(vectors, mean, vectors, mean, np.float32)


def _cross(
    a: Vectors, mean_a: Matrix, b: Vectors, mean_b: Matrix, exactly: type[np.floating] = np.float64
) -> Matrix:
    """(D, D): products of the deviations of `a` and `b`, summed over galaxies, a block at a time. float32 is
    four times as fast, and exact enough where no rotation is derived from it."""
    total = np.zeros((a.shape[1], b.shape[1]))
    for start in range(0, len(a), BLOCK):
        one = a[start : start + BLOCK] - mean_a.astype(exactly)
        other = b[start : start + BLOCK] - mean_b.astype(exactly)
        total += one.T @ other
    return total


def _plane(scores: Vectors) -> Vectors:
    """(N, 2), padded where the vectors have one feature."""
    return np.ascontiguousarray(np.pad(scores, ((0, 0), (0, max(2 - scores.shape[1], 0)))), np.float32)
