"""How far two encoders agree about which galaxies are alike: of one galaxy, and over a dataset."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

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
from backend.services.datasets.browsing import Datasets
from backend.services.datasets.locating import require_row
from backend.services.embeddings.search import Search, SearchAnswer
from backend.services.embeddings.vectors import EmbeddingMatrix, Embeddings
from backend.stats.retrieval import mean_interval
from shared.contract.evaluations import FEW_ROWS
from shared.contract.search import (
    EVERY_ONE_UP_TO,
    MOST_ASKED,
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
KEPT = 64
MOST_PAIRS = 200_000_000
"""Of a galaxy that asks and one that may be its neighbour: some seconds of products."""
FEWEST_ASKED = 200


@dataclass(frozen=True)
class QueryRows:
    """Whose neighbours are compared: `rows` and their `labels` (Q,); of all galaxies the `sources` (N,)."""

    dataset: str
    rows: Rows
    labels: Counts
    classes: list[str]
    sources: Counts


class Agreements:
    """Asks two spaces the same, and keeps what it worked out over a dataset."""

    def __init__(self, datasets: Datasets, embeddings: Embeddings, search: Search) -> None:
        self._datasets, self._embeddings, self._search = datasets, embeddings, search
        self._kept: OrderedDict[object, Overlap] = OrderedDict()
        self._making = threading.Lock()

    def compare(self, request: ComparedRequest) -> SearchComparison:
        """Both compare with all galaxies, also where there is an index. Raises InvalidInputError where they
        are of different datasets, and as Search.find does."""
        against = self._same_dataset(request.space, request.against)
        asked = request.model_dump(exclude={"against"}) | {"exact": True}
        first = self._search.answer(SearchRequest.model_validate(asked))
        second = self._search.answer(SearchRequest.model_validate(asked | {"space": against}))
        return SearchComparison(first=first.result, second=second.result, agreement=_agreement(first, second))

    def overlap(self, request: OverlapRequest) -> Overlap:
        """Within seconds, and at once when it was asked before. Raises as `compare` does."""
        against = self._same_dataset(request.space, request.against)
        first, second = self._embeddings.get(request.space), self._embeddings.get(against)
        key = (frozenset({first.key, second.key}), request.k, request.rows)
        with self._making:
            found = self._kept.get(key) or self._measured(request, first, second)
            found = found.model_copy(update={"dataset": first.state.dataset})  # it may have been renamed
            self._kept[key] = found
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def _measured(self, request: OverlapRequest, first: EmbeddingMatrix, second: EmbeddingMatrix) -> Overlap:
        name = first.state.dataset
        with self._datasets.use(name) as store:  # and not while the neighbours are looked for
            rows = _rows(request, store, name)
            asked = QueryRows(
                name,
                rows,
                store.labels[rows].astype(np.int64),
                list(store.class_names),
                self._search.catalogue(name, store).sources,
            )
        k = _possible(request.k, asked.sources, name)
        lists = [neighbour_lists(one.vectors, rows, asked.sources, k) for one in (first, second)]
        return _overlap(shared_counts(*lists), asked, k)

    def _same_dataset(self, space: EmbeddingSpace, against: EmbeddingSpace) -> EmbeddingSpace:
        """The second space in the dataset of the first."""
        wanted = str(self._embeddings.resolve(space).config.dataset)
        if against.dataset not in (None, wanted):
            raise InvalidInputError(
                "datasets_differ",
                f"the neighbours in {wanted} cannot be compared with those in {against.dataset}; "
                "name one dataset for both encoders",
                "against",
            )
        return against.model_copy(update={"dataset": wanted})


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
    """Who is asked, each once, rising."""
    for row in request.rows:
        require_row(store, name, row)
    if request.rows:
        return np.unique(np.array(request.rows, np.int64))
    if store.n <= EVERY_ONE_UP_TO:
        return np.arange(store.n)
    asked = min(MOST_ASKED, max(FEWEST_ASKED, MOST_PAIRS // store.n))
    drawn = np.random.default_rng(SEED).choice(store.n, asked, replace=False)
    return np.sort(drawn).astype(np.int64)


def _possible(k: int, sources: Counts, name: str) -> int:
    """k, or how many others each galaxy has, where that is less."""
    found = min(k, len(sources) - int(np.unique(sources, return_counts=True)[1].max()))
    if found < 1:
        raise InvalidInputError(
            "too_few", f"{name} has galaxies of one source only; none has others", "space"
        )
    return found


def _overlap(shared: Counts, asked: QueryRows, k: int) -> Overlap:
    shares, n = shared / k, len(asked.sources)
    own = np.unique(asked.sources, return_inverse=True, return_counts=True)
    others = n - own[2][own[1]][asked.rows]
    return Overlap(
        dataset=asked.dataset,
        k=k,
        n=len(asked.rows),
        of=n,
        overlap=float(shares.mean()),
        overlap_ci95=mean_interval(shares, asked.labels),
        jaccard=float(jaccard(shared, k, k).mean()),
        chance=float((k / others).mean()),
        classes=_by_class(shares, asked.labels, asked.classes),
    )


def _by_class(shares: Shares, labels: Counts, names: list[str]) -> list[ClassOverlap]:
    own = [(name, shares[labels == label]) for label, name in enumerate(names)]
    return [
        ClassOverlap(name=name, n=len(found), overlap=float(found.mean()), few=len(found) < FEW_ROWS)
        for name, found in own
        if len(found)
    ]
