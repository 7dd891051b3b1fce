"""t-SNE, with word of how far it is."""

import re
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from io import TextIOBase

from sklearn.manifold import TSNE

from backend.search.projection import Projected, components_of
from backend.search.vectors import Vectors

ITERATIONS = 1000
FIRST_COMPONENTS = 50
"""Neighbours are sought among so many principal components, as is usual: it takes away noise, and time."""
ITERATION = re.compile(r"Iteration (\d+):")
Tick = Callable[[int, int], None]


class Listener(TextIOBase):
    """Hears how far it is in what scikit-learn prints every 50 iterations, calls `tick(done, all)` and passes
    the words on. What `tick` raises ends the work: scikit-learn offers no other way."""

    def __init__(self, tick: Tick) -> None:
        self._tick, self._onward = tick, sys.stdout

    def write(self, text: str) -> int:
        found = ITERATION.search(text)
        if found:
            self._tick(int(found[1]), ITERATIONS)
        return self._onward.write(text)


def project_tsne(vectors: Vectors, *, perplexity: float, seed: int, tick: Tick) -> Projected:
    """Points (N, 2) in which near neighbours stay near (van der Maaten and Hinton 2008), by Barnes and Hut's
    approximation, from principal components on. Distances between groups mean little."""
    first = components_of(vectors, min(FIRST_COMPONENTS, vectors.shape[1])).scores(vectors)
    model = TSNE(init="pca", perplexity=perplexity, random_state=seed, max_iter=ITERATIONS, verbose=2)
    tick(0, ITERATIONS)
    with redirect_stdout(Listener(tick)):
        points: Vectors = model.fit_transform(first)
    return Projected(points.astype("float32"))
