"""Odd galaxies of a dataset: who is ranked by what, and what is shown of each."""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.data.store import GalaxyStore
from backend.errors import InvalidInputError
from backend.search.index import Rows
from backend.search.neighbours import Nearest
from backend.search.odd import NeighbourVote, Scores, isolation, neighbour_vote, ranked
from backend.services.datasets.annotations import Annotations, DatasetAnnotations
from backend.services.datasets.browsing import Datasets, Wanted
from backend.services.datasets.locating import found_galaxy, require_row
from backend.services.embeddings.learning import Taught, learn, require_lesson
from backend.services.embeddings.neighbour_cache import KeptNeighbours
from backend.services.embeddings.vectors import Embedded, Embeddings
from shared.contract.odd import (
    SHOWN_NEIGHBOURS,
    NearGalaxy,
    NeighboursSay,
    OddBy,
    OddGalaxy,
    OddPage,
    OddRequest,
)

Mask = NDArray[np.bool_]
MOST_GALAXIES = 100_000
"""Every galaxy is compared with every other: a minute or two for so many, and four times that for twice."""


@dataclass(frozen=True)
class Ranking:
    """A score for every galaxy (N,), NaN for none, and the rows that are ranked, the oddest first."""

    scores: Scores
    rows: Rows
    found: Nearest
    said: NeighbourVote
    taught: Taught | None


class OddOnes:
    """Ranks the galaxies of an embedding space."""

    def __init__(self, datasets: Datasets, embeddings: Embeddings, annotations: Annotations) -> None:
        self._datasets, self._embeddings, self._opinions = datasets, embeddings, annotations
        self._neighbours = KeptNeighbours()

    def page(self, request: OddRequest) -> OddPage:
        """Raises ConflictError where the dataset is not embedded, or there is nothing to learn from yet;
        NotFoundError, InvalidInputError."""
        embedded = self._embeddings.get(request.space)
        name = embedded.state.dataset
        annotated = self._opinions.of(name)
        with self._datasets.use(name) as store:
            _require(request, store, name)
            wanted = Wanted(**request.only.model_dump()).mask(store)
            labels, classes = store.labels.astype(np.int64), max(len(store.class_names), 1)
        if request.by is OddBy.INTEREST:
            require_lesson(request.learn_from, annotated)
        began = time.perf_counter()
        found = self._nearest(request, embedded, labels)
        ranking = _ranking(
            request, embedded, annotated, wanted, found, neighbour_vote(found, labels, classes)
        )
        took = time.perf_counter() - began
        with self._datasets.use(name) as store:
            return _page(request, embedded, store, ranking, annotated, 1000 * took)

    def _nearest(self, request: OddRequest, embedded: Embedded, labels: Rows) -> Nearest:
        """For labels that are doubted, among the labelled; kept where they were asked for before."""
        speakers = labels >= 0 if request.by is OddBy.MISLABEL and (labels < 0).any() else None
        return self._neighbours.get(embedded, self._datasets, request.k, speakers)


def _require(request: OddRequest, store: GalaxyStore, name: str) -> None:
    if store.n > MOST_GALAXIES:
        raise InvalidInputError(
            "too_many_galaxies",
            f"{name} has {store.n:,} galaxies, and odd ones are sought among up to {MOST_GALAXIES:,}, as "
            "each galaxy is compared with every other; make a subset on the Data page",
            "dataset",
        )
    if request.row is not None:
        require_row(store, name, request.row)
    if request.by is OddBy.MISLABEL and not (store.labels >= 0).any():
        raise InvalidInputError(
            "no_labels", f"{name} has no labels, so that none can be doubted; rank it by isolation", "by"
        )


def _ranking(
    request: OddRequest,
    embedded: Embedded,
    annotated: DatasetAnnotations,
    wanted: Mask,
    found: Nearest,
    said: NeighbourVote,
) -> Ranking:
    allowed, taught, tie = wanted.copy(), None, None
    if not request.with_rated:
        allowed[list(annotated.ratings)] = False
    if request.by is OddBy.ISOLATION:
        scores = isolation(found)
    elif request.by is OddBy.MISLABEL:
        scores, tie = said.mislabel, said.share
    else:
        taught = learn(embedded.vectors, request.learn_from, annotated)
        scores = taught.expected
        allowed[taught.rows] = False
    return Ranking(scores, ranked(scores, allowed, tie), found, said, taught)


def _page(
    request: OddRequest,
    embedded: Embedded,
    store: GalaxyStore,
    ranking: Ranking,
    annotated: DatasetAnnotations,
    milliseconds: float,
) -> OddPage:
    state = embedded.state
    rows = ranking.rows[request.offset : request.offset + request.limit]
    return OddPage(
        by=request.by,
        k=request.k,
        step=state.step,
        dataset=state.dataset,
        depth=state.depth,
        layers=state.layers,
        total=len(ranking.rows),
        offset=request.offset,
        galaxies=[_odd(store, ranking, annotated, int(row)) for row in rows],
        asked=None if request.row is None else _odd(store, ranking, annotated, request.row),
        learned=ranking.taught.said if ranking.taught else None,
        rated=len(annotated.ratings),
        flagged=len(annotated.notes),
        milliseconds=round(milliseconds, 1),
    )


def _odd(store: GalaxyStore, ranking: Ranking, annotated: DatasetAnnotations, row: int) -> OddGalaxy:
    found, score = found_galaxy(store, row), float(ranking.scores[row])
    return OddGalaxy(
        galaxy=found.galaxy,
        links=found.links,
        score=round(score, 6) if np.isfinite(score) else None,
        says=_says(store, ranking.said, row),
        neighbours=_neighbours(store, ranking.found, row),
        rating=annotated.ratings.get(row),
        flag=annotated.notes.get(row),
    )


def _says(store: GalaxyStore, said: NeighbourVote, row: int) -> NeighboursSay | None:
    if said.label[row] < 0:
        return None
    name = store.class_names[said.label[row]]
    return NeighboursSay(label=name, agree=int(said.agree[row]), own=int(said.own[row]), of=int(said.of[row]))


def _neighbours(store: GalaxyStore, found: Nearest, row: int) -> list[NearGalaxy]:
    names = [*store.class_names, None]  # −1 is no class
    return [
        NearGalaxy(row=int(other), label=names[store.labels[other]], similarity=round(float(cosine), 6))
        for other, cosine in zip(found.rows[row], found.cosines[row], strict=True)
        if other >= 0
    ][:SHOWN_NEIGHBOURS]
