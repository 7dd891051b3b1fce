"""How far two encoders agree on which galaxies are similar: for one galaxy, and over a dataset."""

import threading
from dataclasses import dataclass

import numpy as np
from cachetools import LRUCache, cachedmethod

from backend.data.store import GalaxyStore
from backend.errors import InvalidInputError
from backend.search.agreement import (
    Counts,
    Shares,
    expected_shared,
    jaccard,
    neighbour_lists,
    rank_correlation,
    shared_counts,
)
from backend.search.index import Rows
from backend.services.datasets.browsing import Datasets, require_row
from backend.services.embeddings.search import Search, SearchAnswer
from backend.services.embeddings.vectors import EmbeddingMatrix, Embeddings
from backend.stats.retrieval import mean_interval
from shared.contract.evaluations import FEW_ROWS
from shared.contract.search import (
    ALL_QUERIES_UP_TO,
    MAX_QUERIES,
    Agreement,
    ClassOverlap,
    ComparedRequest,
    EmbeddingSpace,
    Overlap,
    OverlapRequest,
    SearchComparison,
    SearchRequest,
)

SEED = 0
CACHED = 64
MAX_PAIRS = 200_000_000
"""Of a query and a candidate: a few seconds of dot products."""
MIN_QUERIES = 200


@dataclass(frozen=True)
class QueryRows:
    """Galaxies whose neighbours are compared: `rows` and `labels` (Q,); `sources` (N,) of all galaxies."""

    dataset: str
    rows: Rows
    labels: Counts
    classes: list[str]
    sources: Counts


class Agreements:
    """Compares two embedding spaces; caches comparisons over a dataset."""

    def __init__(self, datasets: Datasets, embeddings: Embeddings, search: Search) -> None:
        self._datasets, self._embeddings, self._search = datasets, embeddings, search
        self._overlaps: LRUCache[object, Overlap] = LRUCache(CACHED)
        self._lock = threading.Lock()

    def compare(self, request: ComparedRequest) -> SearchComparison:
        """Both searches are exact, even where there is an index. Raises InvalidInputError for two datasets,
        and as Search.find does."""
        against = self._same_dataset(request.space, request.against)
        values = request.model_dump(exclude={"against"}) | {"exact": True}
        first = self._search.answer(SearchRequest.model_validate(values))
        second = self._search.answer(SearchRequest.model_validate(values | {"space": against}))
        return SearchComparison(first=first.result, second=second.result, agreement=_agreement(first, second))

    def overlap(self, request: OverlapRequest) -> Overlap:
        """Takes seconds the first time. Raises as `compare` does."""
        against = self._same_dataset(request.space, request.against)
        first, second = self._embeddings.get(request.space), self._embeddings.get(against)
        with self._lock:
            found = self._measure(request, first, second)
        return found.model_copy(update={"dataset": first.state.dataset})  # it may have been renamed

    @cachedmethod(
        lambda self: self._overlaps,
        key=lambda _, request, first, second: (frozenset({first.key, second.key}), request.k, request.rows),
    )
    def _measure(self, request: OverlapRequest, first: EmbeddingMatrix, second: EmbeddingMatrix) -> Overlap:
        name = first.state.dataset
        with self._datasets.use(name) as store:  # released before neighbours are computed
            rows = _rows(request, store, name)
            labels, sources = store.labels[rows].astype(np.int64), self._search.catalogue(name, store).sources
            queries = QueryRows(name, rows, labels, list(store.class_names), sources)
        k = _possible(request.k, sources, name)
        lists = [neighbour_lists(one.vectors, rows, sources, k) for one in (first, second)]
        return _overlap(shared_counts(*lists), queries, k)

    def _same_dataset(self, space: EmbeddingSpace, against: EmbeddingSpace) -> EmbeddingSpace:
        """The second space in the dataset of the first."""
        name = str(self._embeddings.resolve(space).config.dataset)
        if against.dataset not in (None, name):
            said = f"neighbours in {name} and {against.dataset} cannot be compared; name one dataset for both"
            raise InvalidInputError("datasets_differ", said, "against")
        return against.model_copy(update={"dataset": name})


def _agreement(first: SearchAnswer, second: SearchAnswer) -> Agreement:
    one, other = first.found, second.found
    both = one.allowed & other.allowed
    k, k_other = len(one.ranked.rows), len(other.ranked.rows)
    shared = len(np.intersect1d(one.ranked.rows, other.ranked.rows))
    candidates = [int(mask.sum()) for mask in (both, one.allowed, other.allowed)]
    return Agreement(
        k=min(k, k_other),
        shared=shared,
        jaccard=float(jaccard(shared, k, k_other)),
        expected=expected_shared(k, k_other, *candidates),
        rank_correlation=rank_correlation(one.scores[both], other.scores[both]),
    )


def _rows(request: OverlapRequest, store: GalaxyStore, name: str) -> Rows:
    """The queries, ascending, each once."""
    for row in request.rows:
        require_row(store, name, row)
    if request.rows:
        return np.unique(np.array(request.rows, np.int64))
    if store.n <= ALL_QUERIES_UP_TO:
        return np.arange(store.n)
    count = min(MAX_QUERIES, max(MIN_QUERIES, MAX_PAIRS // store.n))
    drawn = np.random.default_rng(SEED).choice(store.n, count, replace=False)
    return np.sort(drawn).astype(np.int64)


def _possible(k: int, sources: Counts, name: str) -> int:
    """k, or the number of other sources every galaxy has, if smaller."""
    found = min(k, len(sources) - int(np.unique(sources, return_counts=True)[1].max()))
    if found < 1:
        raise InvalidInputError("too_few", f"all galaxies of {name} are of one source", "space")
    return found


def _overlap(shared: Counts, queries: QueryRows, k: int) -> Overlap:
    shares, n = shared / k, len(queries.sources)
    own = np.unique(queries.sources, return_inverse=True, return_counts=True)
    others = n - own[2][own[1]][queries.rows]
    return Overlap(
        dataset=queries.dataset,
        k=k,
        n=len(queries.rows),
        of=n,
        overlap=float(shares.mean()),
        overlap_ci95=mean_interval(shares, queries.labels),
        jaccard=float(jaccard(shared, k, k).mean()),
        chance=float((k / others).mean()),
        classes=_by_class(shares, queries.labels, queries.classes),
    )


def _by_class(shares: Shares, labels: Counts, names: list[str]) -> list[ClassOverlap]:
    own = [(name, shares[labels == label]) for label, name in enumerate(names)]
    return [
        ClassOverlap(name=name, n=len(found), overlap=float(found.mean()), few=len(found) < FEW_ROWS)
        for name, found in own
        if len(found)
    ]
