"""Approximate search, where exact products with every galaxy take too long: faiss, from the extra `ann`.

An inverted file: vectors in lists about k-means centres, 8 bits a number; a query looks into the nearest
`probes` lists. What it names is scored again exactly by whoever asks. N galaxies, D width, length 1 each.
"""

import importlib.util
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backend.files import read_json, write_atomic, write_json
from backend.search.index import Rows, Vectors, cosines

APPROXIMATE_ROWS = 250_000
"""From here on an embedding gets an index of its own accord; exact search takes some 25 ms there."""
K = 16
QUERIES = 200
QUERIES_AT_ONCE = 20
"""So that their products stay small beside the vectors."""
GOOD_RECALL = 0.97
PROBES = (4, 8, 16, 32, 64, 128)
POINTS_A_LIST = 40
"""faiss asks for 39 training points a list."""


@dataclass(frozen=True)
class Measured:
    """Share of the `k` nearest that the index names, over `queries` galaxies; `bytes` in memory."""

    recall: float
    k: int
    queries: int
    lists: int
    probes: int
    bytes: int


@dataclass(frozen=True)
class Approximate:
    """An index and how well it finds."""

    index: Any
    measured: Measured

    def candidates(self, query: Vectors, n: int) -> Rows:
        """At most `n` rows of high inner product with `query` (D,), in no order to rely on."""
        _, found = self.index.search(query[None], n)
        rows: Rows = found[0]
        return rows[rows >= 0]


def is_installed() -> bool:
    """Whether faiss is here."""
    return importlib.util.find_spec("faiss") is not None


def build(vectors: Vectors, seed: int = 0) -> Approximate:
    """An index of vectors (N, D), with the fewest probes that reach GOOD_RECALL, or the most there are."""
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
    return Approximate(index, Measured(recall, K, len(queries), lists, int(index.nprobe), size))


def list_count(n: int) -> int:
    """The power of two next to √N, but never more lists than a tenth of the vectors."""
    return int(max(1, min(2 ** round(np.log2(np.sqrt(n))), n // 10)))


def write(approximate: Approximate, path: Path) -> None:
    """Leave the index at `path`, what was measured beside it; the index stands last, so that it is whole."""
    import faiss

    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(_facts(path), asdict(approximate.measured))
    write_atomic(path, faiss.serialize_index(approximate.index).data)


def read(path: Path) -> Approximate | None:
    """What `write` left, or None where there is none or faiss is not here."""
    facts = read_json(_facts(path))
    if facts is None or not path.is_file() or not is_installed():
        return None
    import faiss

    measured = Measured(**facts)
    index: Any = faiss.read_index(str(path))
    index.nprobe = measured.probes
    return Approximate(index, measured)


def _facts(path: Path) -> Path:
    return path.with_suffix(".json")


def _choose_probes(index: Any, vectors: Vectors, queries: Rows) -> float:
    """Set the index's probes; the recall that they reach."""
    nearest = _exact_neighbours(vectors, queries)
    recall = 0.0
    for probes in PROBES:
        index.nprobe = min(probes, index.nlist)
        _, named = index.search(vectors[queries], 4 * K)
        found = [len(np.intersect1d(one, truth)) for one, truth in zip(named, nearest, strict=True)]
        recall = sum(found) / nearest.size
        if recall >= GOOD_RECALL or probes >= index.nlist:
            break
    return recall


def _exact_neighbours(vectors: Vectors, queries: Rows) -> Rows:
    """(Q, K) nearest rows of each query but itself."""
    k = min(K, len(vectors) - 1)
    nearest = np.empty((len(queries), k), np.int64)
    for start in range(0, len(queries), QUERIES_AT_ONCE):
        part = queries[start : start + QUERIES_AT_ONCE]
        products = cosines(vectors, vectors[part])
        products[part, np.arange(len(part))] = -np.inf
        nearest[start : start + len(part)] = np.argpartition(products, len(vectors) - k, axis=0)[-k:].T
    return nearest
