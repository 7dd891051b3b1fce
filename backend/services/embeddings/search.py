"""Galaxies like this one: the examples of a request, who may be found, and how they rank."""

import time
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from backend.data.store import GalaxyStore
from backend.errors import InvalidInputError
from backend.search.approximate import IndexRecall
from backend.search.index import Examples, Ranking, Rows, cosines, rank, scored
from backend.search.trivial import EVERYONE, Catalogue, near_identical
from backend.search.vectors import Vectors
from backend.services.datasets.browsing import Datasets, Wanted
from backend.services.datasets.locating import found_galaxy, require_row
from backend.services.datasets.tables import TableFormat, galaxy_columns, table_file
from backend.services.embeddings.uploaded_images import EmbeddedImages
from backend.services.embeddings.vectors import Embedded, Embeddings
from shared.contract.search import FoundGalaxy, IndexQuality, Neighbour, SearchRequest, SearchResult

Mask = NDArray[np.bool_]
KEPT_CATALOGUES = 4
SPARE = 4
"""So many times the galaxies asked for are named by an index: some are filtered, some trivial."""
FEWEST_NAMED = 64


@dataclass(frozen=True)
class Asked:
    """A request with its vectors: those of rows stand before that of an upload."""

    request: SearchRequest
    positive_rows: list[int]
    negative_rows: list[int]
    examples: Examples


@dataclass(frozen=True)
class Found:
    """How many galaxies were ranked, how many left out as trivial, and the best; or by
    an index, which finds as measured. Without one `scores` (N,) are of all galaxies, and `allowed` (N,) were
    ranked."""

    candidates: int
    left_out: int
    ranked: Ranking
    scores: Vectors
    allowed: Mask
    approximate: IndexRecall | None = None


@dataclass(frozen=True)
class Answer:
    """A result, and what it was made of."""

    result: SearchResult
    found: Found


class Search:
    """Searches the embeddings of a dataset."""

    def __init__(self, datasets: Datasets, embeddings: Embeddings, images: EmbeddedImages) -> None:
        self._datasets, self._embeddings, self._images = datasets, embeddings, images
        self._catalogues: dict[str, Catalogue] = {}

    def find(self, request: SearchRequest) -> SearchResult:
        """Raises ConflictError where the dataset is not embedded yet, NotFoundError, InvalidInputError."""
        return self.answer(request).result

    def answer(self, request: SearchRequest) -> Answer:
        """The same, with how every galaxy scored. Raises as `find` does."""
        embedded = self._embeddings.get(request.space)
        name = embedded.state.dataset
        upload = self._images.vector(request.upload, embedded) if request.upload else None
        with self._datasets.use(name) as store:
            asked = _asked(request, embedded, store, upload)
            catalogue = self.catalogue(name, store)
            began = time.perf_counter()
            found = _ranked(asked, embedded, catalogue, Wanted(**request.only.model_dump()).mask(store))
            took = time.perf_counter() - began
            return Answer(_result(asked, embedded, store, found, 1000 * took), found)

    def table(self, request: SearchRequest, file_format: TableFormat) -> bytes:
        """The results as a file: the columns of galaxies, and similarity."""
        found = self.find(request).neighbours
        columns = galaxy_columns(found) | {"similarity": [one.similarity for one in found]}
        return table_file(pa.table(columns), file_format)

    def catalogue(self, name: str, store: GalaxyStore) -> Catalogue:
        """What tells the galaxies of a dataset apart. Made once for each file."""
        key = self._datasets.row(name).file
        if key not in self._catalogues:
            if len(self._catalogues) >= KEPT_CATALOGUES:
                self._catalogues.clear()
            self._catalogues[key] = Catalogue.of(store.source_ids, store.ra, store.dec, store.image_hashes)
        return self._catalogues[key]


def _asked(request: SearchRequest, embedded: Embedded, store: GalaxyStore, upload: Vectors | None) -> Asked:
    first = [] if request.row is None else [request.row]
    positive_rows = list(dict.fromkeys([*first, *request.positives]))
    negative_rows = list(dict.fromkeys(request.negatives))
    for row in (*positive_rows, *negative_rows):
        require_row(store, embedded.state.dataset, row)
    _require_positive(positive_rows, negative_rows, upload)
    positives = embedded.vectors[positive_rows]
    if upload is not None:
        positives = np.concatenate([positives, upload])
    examples = Examples(positives, embedded.vectors[negative_rows], request.negative_weight)
    return Asked(request, positive_rows, negative_rows, examples)


def _require_positive(positives: list[int], negatives: list[int], upload: Vectors | None) -> None:
    both = set(positives) & set(negatives)
    if both:
        raise InvalidInputError(
            "both_signs", f"row {min(both)} is a positive and a negative example; take one away", "negatives"
        )
    if positives or upload is not None:
        return
    if negatives:
        raise InvalidInputError(
            "negatives_only",
            "there are only negative examples; add a galaxy that the results should be like",
            "positives",
        )
    raise InvalidInputError("no_query", "there is no galaxy to search by; give a row or an image", "row")


def _ranked(asked: Asked, embedded: Embedded, catalogue: Catalogue, wanted: Mask) -> Found:
    """By the index where there is one and it names enough; else of all galaxies. What the index is worth was
    measured with one galaxy as the query, so that several examples are compared with all."""
    request, index = asked.request, embedded.approximate
    single = (len(asked.examples.positives), len(asked.examples.negatives)) == (1, 0)
    if index is not None and single and not (request.exact or request.least):
        several = max(SPARE * request.k, FEWEST_NAMED)
        named = np.sort(index.candidates(asked.examples.positives[0], several))
        found = _among(asked, embedded, catalogue, wanted, named)
        if len(found.ranked.rows) == request.k:
            return replace(found, approximate=index.quality)
    return _among(asked, embedded, catalogue, wanted, EVERYONE)


def _among(asked: Asked, embedded: Embedded, catalogue: Catalogue, wanted: Mask, rows: Rows | slice) -> Found:
    """The best of some rows, scored exactly."""
    request, examples = asked.request, asked.examples
    vectors = embedded.vectors[rows]
    positive, negative = cosines(vectors, examples.positives), cosines(vectors, examples.negatives)
    allowed = wanted.copy()
    allowed[[*asked.positive_rows, *asked.negative_rows]] = False
    before, allowed = int(allowed.sum()), allowed[rows]
    left_out = np.zeros_like(allowed)
    if not request.keep_trivial:
        left_out = allowed & _trivial(asked, catalogue, positive, rows)
    scores = scored(positive, negative, examples.weight)
    ranked = rank(vectors, examples, scores, allowed & ~left_out, request.k, least=request.least)
    if isinstance(rows, np.ndarray):
        ranked = Ranking(rows[ranked.rows], ranked.scores)
    trivial = int(left_out.sum())
    return Found(before - trivial, trivial, ranked, scores, allowed & ~left_out)


def _trivial(asked: Asked, catalogue: Catalogue, positive: Vectors, rows: Rows | slice) -> Mask:
    """Which of the rows are a positive example again, or another picture of it."""
    found = np.zeros(len(positive), np.bool_)
    for place, row in enumerate(asked.positive_rows):
        found |= catalogue.same_place(row, asked.request.near_arcsec, rows)
        found |= catalogue.same_picture(row, positive[:, place], rows)
    for place in range(len(asked.positive_rows), positive.shape[1]):
        found |= near_identical(positive[:, place])
    return found


def _result(
    asked: Asked, embedded: Embedded, store: GalaxyStore, found: Found, milliseconds: float
) -> SearchResult:
    def shown(rows: tuple[int, ...] | list[int]) -> list[FoundGalaxy]:
        return [found_galaxy(store, row) for row in rows]

    state, request = embedded.state, asked.request
    return SearchResult(
        step=state.step,
        dataset=state.dataset,
        depth=state.depth,
        layers=state.layers,
        query=None if request.row is None else found_galaxy(store, request.row),
        positives=shown(request.positives),
        negatives=shown(request.negatives),
        neighbours=[
            Neighbour(**vars(found_galaxy(store, int(row))), similarity=round(float(score), 6))
            for row, score in zip(found.ranked.rows, found.ranked.scores, strict=True)
        ],
        candidates=found.candidates,
        left_out=found.left_out,
        approximate=None if found.approximate is None else IndexQuality(**vars(found.approximate)),
        milliseconds=round(milliseconds, 2),
    )
