"""Search of clustered vectors, exact and by an index: milliseconds a query, recall, and memory.

    python tests/benchmarks/search.py [rows] [width]

Without arguments 17,736 × 384 (Galaxy10 DECaLS) and 1,000,000 × 384.
"""

import statistics
import sys
import time

import numpy as np

from backend.search import approximate
from backend.search.index import Examples, cosines, rank, scored

QUERIES = 20
K = 16
CLUSTERS = 200
BLOCK = 50_000


def clustered(rows: int, width: int) -> np.ndarray:
    """Vectors (rows, width) of length 1 about CLUSTERS centres."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((CLUSTERS, width), dtype=np.float32)
    vectors = np.empty((rows, width), np.float32)
    for start in range(0, rows, BLOCK):
        part = vectors[start : start + BLOCK]
        part[:] = centres[rng.integers(CLUSTERS, size=len(part))]
        part += 0.5 * rng.standard_normal(part.shape, dtype=np.float32)
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return vectors


def milliseconds(vectors: np.ndarray, rows: np.ndarray) -> float:
    """Of one search by so many examples for K galaxies, all of them allowed."""
    allowed = np.ones(len(vectors), np.bool_)
    began = time.perf_counter()
    examples = Examples(vectors[rows], vectors[:0], 0.5)
    scores = scored(cosines(vectors, examples.positives), cosines(vectors, examples.negatives), 0.5)
    rank(vectors, examples, scores, allowed, K, least=False)
    return 1000 * (time.perf_counter() - began)


def by_index(index: approximate.Approximate, vectors: np.ndarray, row: int) -> tuple[float, np.ndarray]:
    """Milliseconds of one search by a galaxy, and the rows found; what the index names is scored exactly."""
    began = time.perf_counter()
    examples = Examples(vectors[[row]], vectors[:0], 0.5)
    named = np.sort(index.candidates(vectors[row], 4 * K))
    scores = scored(cosines(vectors[named], examples.positives), cosines(vectors[named], vectors[:0]), 0.5)
    ranked = rank(vectors[named], examples, scores, named != row, K, least=False)
    return 1000 * (time.perf_counter() - began), named[ranked.rows]


def measure_index(vectors: np.ndarray, queries: np.ndarray) -> None:
    began = time.perf_counter()
    index = approximate.build(vectors)
    built = time.perf_counter() - began
    took, hits = [], 0
    for row in queries:
        spent, found = by_index(index, vectors, row)
        took.append(spent)
        products = vectors @ vectors[row]
        products[row] = -2
        hits += len(np.intersect1d(found, np.argpartition(-products, K)[:K]))
    facts = index.quality
    print(
        f"{len(vectors):>9,} × {vectors.shape[1]}, by index: median {statistics.median(took):.2f} ms, "
        f"recall@{K} {hits / (K * len(queries)):.3f} (it says {facts.recall:.3f}); {facts.lists} lists, "
        f"{facts.probes} probes, {facts.bytes / 1e6:,.0f} MB, built in {built:.0f} s"
    )


def measure(rows: int, width: int) -> None:
    vectors = clustered(rows, width)
    rng = np.random.default_rng(1)
    for examples in (1, 4):
        took = [milliseconds(vectors, rng.integers(rows, size=examples)) for _ in range(QUERIES)]
        print(
            f"{rows:>9,} × {width}, {examples} examples: median {statistics.median(took):.2f} ms, fastest "
            f"{min(took):.2f} ms; vectors {vectors.nbytes / 1e6:,.0f} MB"
        )
    if approximate.is_installed():
        measure_index(vectors, rng.integers(rows, size=100))


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    for rows in given[:1] or (17_736, 1_000_000):
        measure(rows, given[1] if len(given) > 1 else 384)
