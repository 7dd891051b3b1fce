"""The k nearest of every galaxy of a space: seconds to make, and asked for again with every page."""

import threading
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from backend.search.neighbours import Nearest, nearest
from backend.search.trivial import Catalogue
from backend.services.datasets.browsing import Datasets
from backend.services.embeddings.vectors import EmbeddingMatrix
from backend.services.reconstruction.file_cache import KeyedLock

KEPT = 8
Key = tuple[str, int, bool]


class NeighbourCache:
    """Those that were last asked for; of several who ask for the same, one makes them."""

    def __init__(self) -> None:
        self._lock, self._turns = threading.Lock(), KeyedLock()
        self._kept: OrderedDict[Key, Nearest] = OrderedDict()

    def get(
        self, embedded: EmbeddingMatrix, datasets: Datasets, k: int, labelled: NDArray[np.bool_] | None
    ) -> Nearest:
        """Among all galaxies, or among the `labelled` (N,) only; the dataset is not held meanwhile."""
        key = embedded.key, k, labelled is not None
        with self._turns.of(key):
            found = self._kept_by(key)
            if found is None:
                with datasets.use(embedded.state.dataset) as store:
                    catalogue = Catalogue.of(store.source_ids, store.ra, store.dec, store.image_hashes)
                found = nearest(embedded.vectors, catalogue, k, labelled)
                self._keep(key, found)
        return found

    def _kept_by(self, key: Key) -> Nearest | None:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
        return found

    def _keep(self, key: Key, found: Nearest) -> None:
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
