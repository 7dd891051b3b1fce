"""Odd galaxies of a dataset: rankings, pages and tables."""

import time
from dataclasses import dataclass
from threading import Condition

import numpy as np
import pyarrow as pa
from cachetools import LRUCache, cachedmethod
from numpy.typing import NDArray

from backend.data.store import GalaxyStore
from backend.errors import InvalidInputError
from backend.search.index import Rows
from backend.search.neighbours import Nearest, nearest
from backend.search.odd import NeighbourVotes, Scores, isolation, neighbour_vote, ranked
from backend.search.trivial import Catalogue
from backend.services.datasets.annotations import Annotations, DatasetAnnotations
from backend.services.datasets.browsing import Datasets, RowSelection, require_row
from backend.services.datasets.locating import found_galaxy
from backend.services.datasets.tables import TableFormat, galaxy_columns, link_columns, table_file
from backend.services.embeddings.learning import InterestModel, learn, require_targets
from backend.services.embeddings.vectors import EmbeddingMatrix, Embeddings
from shared.contract.odd import (
    SHOWN_NEIGHBOURS,
    NearGalaxy,
    NeighbourVote,
    OddBy,
    OddGalaxy,
    OddPage,
    OddRequest,
)

Mask = NDArray[np.bool_]
MOST_GALAXIES = 100_000
"""All pairs are compared: a minute or two for so many galaxies, and four times that for twice as many."""
CACHED = 8


@dataclass(frozen=True)
class Ranking:
    """A score a galaxy (N,), NaN for none, and the ranked rows, the oddest first."""

    scores: Scores
    rows: Rows
    found: Nearest
    votes: NeighbourVotes
    interest: InterestModel | None


class OddGalaxies:
    """Ranks the galaxies of an embedding space."""

    def __init__(self, datasets: Datasets, embeddings: Embeddings, annotations: Annotations) -> None:
        self._datasets, self._embeddings, self._annotations = datasets, embeddings, annotations
        self._neighbours: LRUCache[object, Nearest] = LRUCache(CACHED)
        self._cached = Condition()

    def page(self, request: OddRequest) -> OddPage:
        """Raises ConflictError where the dataset is not embedded, or there is nothing to learn from yet;
        NotFoundError, InvalidInputError."""
        embedded = self._embeddings.get(request.space)
        name = embedded.state.dataset
        annotated = self._annotations.of(name)
        with self._datasets.use(name) as store:
            _require(request, store, name)
            selected = RowSelection(**request.only.model_dump()).mask(store)
            labels, classes = store.labels.astype(np.int64), max(len(store.class_names), 1)
        if request.by is OddBy.INTEREST:
            require_targets(request.learn_from, annotated)
        began = time.perf_counter()
        labelled = labels >= 0 if request.by is OddBy.MISLABEL and (labels < 0).any() else None
        found = self._nearest(embedded, request.k, labelled)
        ranking = _ranking(
            request, embedded, annotated, selected, found, neighbour_vote(found, labels, classes)
        )
        took = time.perf_counter() - began
        with self._datasets.use(name) as store:
            return _page(request, embedded, store, ranking, annotated, 1000 * took)

    @cachedmethod(
        lambda self: self._neighbours,
        key=lambda _, embedded, k, labelled: (embedded.key, k, labelled is not None),
        condition=lambda self: self._cached,
    )
    def _nearest(self, embedded: EmbeddingMatrix, k: int, labelled: Mask | None) -> Nearest:
        """The k nearest of every galaxy, among all or only `labelled` ones. It takes seconds and every page
        needs it; one thread computes it, without holding the dataset."""
        with self._datasets.use(embedded.state.dataset) as store:
            catalogue = Catalogue.of(store.source_ids, store.ra, store.dec, store.image_hashes)
        return nearest(embedded.vectors, catalogue, k, labelled)


def _require(request: OddRequest, store: GalaxyStore, name: str) -> None:
    if store.n > MOST_GALAXIES:
        raise InvalidInputError(
            "too_many_galaxies",
            f"{name} has {store.n:,} galaxies; the search for odd ones compares all pairs and is limited to "
            f"{MOST_GALAXIES:,}, so make a subset on the Data page",
            "dataset",
        )
    if request.row is not None:
        require_row(store, name, request.row)
    if request.by is OddBy.MISLABEL and not (store.labels >= 0).any():
        raise InvalidInputError("no_labels", f"{name} has no labels; rank it by isolation", "by")


def _ranking(
    request: OddRequest,
    embedded: EmbeddingMatrix,
    annotated: DatasetAnnotations,
    selected: Mask,
    found: Nearest,
    votes: NeighbourVotes,
) -> Ranking:
    allowed, interest, tie = selected.copy(), None, None
    if not request.with_rated:
        allowed[list(annotated.ratings)] = False
    if request.by is OddBy.ISOLATION:
        scores = isolation(found)
    elif request.by is OddBy.MISLABEL:
        scores, tie = votes.mislabel, votes.share
    else:
        interest = learn(embedded.vectors, request.learn_from, annotated)
        scores = interest.expected
        allowed[interest.rows] = False
    return Ranking(scores, ranked(scores, allowed, tie), found, votes, interest)


def _page(
    request: OddRequest,
    embedded: EmbeddingMatrix,
    store: GalaxyStore,
    ranking: Ranking,
    annotated: DatasetAnnotations,
    milliseconds: float,
) -> OddPage:
    state = embedded.state
    rows = ranking.rows[request.offset : request.offset + request.limit]
    return OddPage.from_attributes(
        state,
        by=request.by,
        k=request.k,
        total=len(ranking.rows),
        offset=request.offset,
        galaxies=[_odd(store, ranking, annotated, int(row)) for row in rows],
        asked=None if request.row is None else _odd(store, ranking, annotated, request.row),
        learned=ranking.interest.report if ranking.interest else None,
        rated=len(annotated.ratings),
        flagged=len(annotated.notes),
        milliseconds=round(milliseconds, 1),
    )


def _odd(store: GalaxyStore, ranking: Ranking, annotated: DatasetAnnotations, row: int) -> OddGalaxy:
    score = float(ranking.scores[row])
    return OddGalaxy.from_attributes(
        found_galaxy(store, row),
        score=round(score, 6) if np.isfinite(score) else None,
        says=_says(store, ranking.votes, row),
        neighbours=_neighbours(store, ranking.found, row),
        rating=annotated.ratings.get(row),
        flag=annotated.notes.get(row),
    )


def _says(store: GalaxyStore, votes: NeighbourVotes, row: int) -> NeighbourVote | None:
    if votes.label[row] < 0:
        return None
    name = store.class_names[votes.label[row]]
    return NeighbourVote(
        label=name, agree=int(votes.agree[row]), own=int(votes.own[row]), of=int(votes.of[row])
    )


def _neighbours(store: GalaxyStore, found: Nearest, row: int) -> list[NearGalaxy]:
    names = [*store.class_names, None]  # −1 is no class
    return [
        NearGalaxy(row=int(other), label=names[store.labels[other]], similarity=round(float(cosine), 6))
        for other, cosine in zip(found.rows[row], found.cosines[row], strict=True)
        if other >= 0
    ][:SHOWN_NEIGHBOURS]


def odd_table(page: OddPage, file_format: TableFormat) -> bytes:
    """A line a galaxy: its columns, score, the vote of the neighbours, rating, whether flagged, links."""
    found = page.galaxies
    columns = galaxy_columns(found, first_rank=page.offset + 1)
    columns["score"] = [one.score for one in found]
    for key in ("label", "agree", "own", "of"):
        columns[f"neighbours_{key}"] = [getattr(one.says, key) if one.says else None for one in found]
    columns["rating"] = [one.rating for one in found]
    columns["flagged"] = [one.flag is not None for one in found]
    return table_file(pa.table(columns | link_columns(found)), file_format)
