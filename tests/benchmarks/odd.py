"""Odd galaxies of clustered vectors: seconds for the neighbours of every galaxy, for the two rankings by
them, and for learning from ratings.

    python tests/benchmarks/odd.py [rows] [width]

Without arguments 4,458 × 128 (EFIGI by the demo's encoder) and 17,736 × 384 (Galaxy10 DECaLS by a ViT-S).
"""

import sys
import time
from collections.abc import Callable

import numpy as np

from backend.search.interest import learn_interest
from backend.search.neighbours import nearest
from backend.search.odd import isolation, neighbour_vote, ranked
from backend.search.trivial import Catalogue
from shared.contract.odd import DEFAULT_K
from tests.benchmarks.search import CLUSTERS, clustered

CLASSES = 10
REPEATS = 5
RATED = (10, 200, 5_000)


def fastest(act: Callable[[], object], repeats: int = REPEATS) -> float:
    """Seconds of the fastest of several."""
    took = []
    for _ in range(repeats):
        began = time.perf_counter()
        act()
        took.append(time.perf_counter() - began)
    return min(took)


def measure(rows: int, width: int) -> None:
    vectors, rng = clustered(rows, width), np.random.default_rng(0)
    labels = rng.integers(CLASSES, size=rows)
    nowhere = np.full(rows, np.nan)
    catalogue = Catalogue.of([""] * rows, nowhere, nowhere, np.zeros(rows, np.uint64))
    everyone = np.ones(rows, np.bool_)
    took = fastest(lambda: nearest(vectors, catalogue, DEFAULT_K), 2)
    print(f"{rows:,} × {width}, {CLUSTERS} clusters: {DEFAULT_K} neighbours of every galaxy {took:.2f} s")
    found = nearest(vectors, catalogue, DEFAULT_K)
    print(f"  isolation {1000 * fastest(lambda: ranked(isolation(found), everyone)):.1f} ms")
    took = fastest(lambda: ranked(neighbour_vote(found, labels, CLASSES).mislabel, everyone))
    print(f"  mislabel {1000 * took:.1f} ms")
    for n in RATED:
        chosen = rng.choice(rows, min(n, rows), replace=False)
        ratings = rng.integers(6, size=len(chosen)).astype(np.float64)

        def learn(chosen: np.ndarray = chosen, ratings: np.ndarray = ratings) -> None:
            found = learn_interest(vectors, chosen, ratings)
            found.correlation(ratings)
            ranked(found.expected, everyone)

        print(f"  learning from {len(chosen):,} ratings {1000 * fastest(learn):.1f} ms")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    sizes = [(given[0], given[1] if len(given) > 1 else 384)] if given else [(4_458, 128), (17_736, 384)]
    for rows, width in sizes:
        measure(rows, width)
