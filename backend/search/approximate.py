"""Approximate search for data sets too large for exact products: faiss, from the extra `ann`.

An inverted file: vectors in lists around k-means centres, 8 bits a number; a query reads the nearest `probes`
lists. The caller scores the candidates again exactly. N galaxies, D width, length 1 each.
"""

import importlib.util
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backend.files import read_json, write_atomic, write_json
from backend.search.index import Rows, Vectors, cosines

APPROXIMATE_ROWS = 250_000
"""From this size an embedding gets an index automatically; exact search takes some 25 ms there."""
K, QUERIES, QUERIES_AT_ONCE = 16, 200, 20
GOOD_RECALL = 0.97
PROBES = (4, 8, 16, 32, 64, 128)
POINTS_A_LIST = 40
"""faiss wants 39 training points a list."""


@dataclass(frozen=True)
class IndexRecall:
    """Recall of the `k` nearest over `queries` galaxies; `bytes` in memory."""

    recall: float
    k: int
    queries: int
    lists: int
    probes: int
    bytes: int


@dataclass(frozen=True)
class Approximate:
    """A faiss index and its quality."""

    index: Any
    quality: IndexRecall

    def candidates(self, query: Vectors, n: int) -> Rows:
        """At most `n` rows of high inner product with `query` (D,), unordered."""
        rows: Rows = self.index.search(query[None], n)[1][0]
        return rows[rows >= 0]


def is_installed() -> bool:
    """Whether faiss is installed."""
    return importlib.util.find_spec("faiss") is not None


def build(vectors: Vectors, seed: int = 0) -> Approximate:
    """An index of vectors (N, D) with the fewest probes that reach GOOD_RECALL, or the most possible."""
    import faiss

    rng = np.random.default_rng(seed)
    n, width = vectors.shape
    lists = list_count(n)
    quantiser = faiss.IndexFlatIP(width)
    index = faiss.IndexIVFScalarQuantizer(
        quantiser, width, lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    index.train(vectors[np.sort(rng.choice(n, min(n, lists * POINTS_A_LIST), replace=False))])
    index.add(vectors)
    queries = np.sort(rng.choice(n, min(n, QUERIES), replace=False))
    recall = _choose_probes(index, vectors, queries)
    size = n * (width + 8) + lists * width * 4
    return Approximate(index, IndexRecall(recall, K, len(queries), lists, int(index.nprobe), size))


def list_count(n: int) -> int:
    """The power of two nearest √N, at most a tenth of the vectors."""
    return int(max(1, min(2 ** round(np.log2(np.sqrt(n))), n // 10)))


def write(approximate: Approximate, path: Path) -> None:
    """Write the index to `path` and its quality beside it; the index last, so that its presence means
    both."""
    import faiss

    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path.with_suffix(".json"), asdict(approximate.quality))
    write_atomic(path, faiss.serialize_index(approximate.index).data)


def read(path: Path) -> Approximate | None:
    """Read what `write` wrote; None if it is missing or faiss is not installed."""
    stored = read_json(path.with_suffix(".json"))
    if stored is None or not path.is_file() or not is_installed():
        return None
    import faiss

    quality = IndexRecall(**stored)
    index: Any = faiss.read_index(str(path))
    index.nprobe = quality.probes
    return Approximate(index, quality)


def _choose_probes(index: Any, vectors: Vectors, queries: Rows) -> float:
    """Set the index's probes; their recall."""
    nearest = _exact_neighbours(vectors, queries)
    recall = 0.0
    for probes in PROBES:
        index.nprobe = min(probes, index.nlist)
        _, candidates = index.search(vectors[queries], 4 * K)
        hits = [len(np.intersect1d(one, truth)) for one, truth in zip(candidates, nearest, strict=True)]
        recall = sum(hits) / nearest.size
        if recall >= GOOD_RECALL or probes >= index.nlist:
            break
    return recall


def _exact_neighbours(vectors: Vectors, queries: Rows) -> Rows:
    """(Q, K) nearest rows of each query, itself excluded."""
    k = min(K, len(vectors) - 1)
    nearest = np.empty((len(queries), k), np.int64)
    for start in range(0, len(queries), QUERIES_AT_ONCE):
        part = queries[start : start + QUERIES_AT_ONCE]
        products = cosines(vectors, vectors[part])
        products[part, np.arange(len(part))] = -np.inf
        nearest[start : start + len(part)] = np.argpartition(products, len(vectors) - k, axis=0)[-k:].T
    return nearest
