"""Similarity search: examples of a request, candidates, ranking. torch is loaded on first use."""

import time
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
import pyarrow as pa
from cachetools import LRUCache, cachedmethod
from numpy.typing import NDArray

from backend.data.store import GalaxyStore
from backend.errors import InvalidInputError
from backend.search.approximate import IndexRecall
from backend.search.index import Examples, Ranking, Rows, cosines, rank, scored
from backend.search.trivial import EVERYONE, Catalogue, near_identical
from backend.search.vectors import Vectors
from backend.services.datasets.browsing import Datasets, RowSelection, require_row
from backend.services.datasets.locating import found_galaxy
from backend.services.datasets.tables import TableFormat, galaxy_columns, link_columns, table_file
from backend.services.embeddings.vectors import EmbeddingMatrix, Embeddings
from backend.services.reconstruction.images import uploaded_image
from backend.services.reconstruction.models import ModelCache
from backend.settings import Settings
from shared.contract.search import IndexQuality, Neighbour, SearchRequest, SearchResult

Mask = NDArray[np.bool_]
CACHED_CATALOGUES, CACHED_UPLOADS = 4, 64
OVERSAMPLING = 4
"""An index returns so many times k candidates, as some are filtered and some trivial."""
MIN_CANDIDATES = 64
NAMED_REPEATS = 8


@dataclass(frozen=True)
class PreparedSearch:
    """A request with its example vectors: rows first, then the upload."""

    request: SearchRequest
    positive_rows: list[int]
    negative_rows: list[int]
    examples: Examples


@dataclass(frozen=True)
class SearchHits:
    """`candidates` were ranked, the rows `left_out` were trivial. Without an index `scores` (N,) are of all
    galaxies, `allowed` (N,) of which were ranked; with one, `approximate` is its measured quality."""

    candidates: int
    left_out: Rows
    ranked: Ranking
    scores: Vectors
    allowed: Mask
    approximate: IndexRecall | None = None


@dataclass(frozen=True)
class SearchAnswer:
    """A result and the scores behind it."""

    result: SearchResult
    found: SearchHits


class Search:
    """Searches the embeddings of a dataset."""

    def __init__(
        self, settings: Settings, datasets: Datasets, embeddings: Embeddings, models: ModelCache
    ) -> None:
        self._settings, self._datasets = settings, datasets
        self._embeddings, self._models = embeddings, models
        self._catalogues: LRUCache[str, Catalogue] = LRUCache(CACHED_CATALOGUES)
        self._uploads: LRUCache[tuple[str, str], Vectors] = LRUCache(CACHED_UPLOADS)
        self._lock = Lock()

    def find(self, request: SearchRequest) -> SearchResult:
        """Raises ConflictError where the dataset is not embedded yet, NotFoundError, InvalidInputError."""
        return self.answer(request).result

    def answer(self, request: SearchRequest) -> SearchAnswer:
        """The same with the score of every galaxy. Raises as `find` does."""
        embedded = self._embeddings.get(request.space)
        name = embedded.state.dataset
        upload = self._upload_vector(request.upload, embedded) if request.upload else None
        with self._datasets.use(name) as store:
            prepared = _prepare(request, embedded, store, upload)
            catalogue = self.catalogue(name, store)
            began = time.perf_counter()
            selected = RowSelection(**request.only.model_dump()).mask(store)
            found = _ranked(prepared, embedded, catalogue, selected)
            took = time.perf_counter() - began
            return SearchAnswer(_result(prepared, embedded, store, found, 1000 * took), found)

    def table(self, request: SearchRequest, file_format: TableFormat) -> bytes:
        """The results as a file: columns of galaxies, links, similarity."""
        found = self.find(request).neighbours
        columns = galaxy_columns(found) | link_columns(found)
        columns["similarity"] = [one.similarity for one in found]
        return table_file(pa.table(columns), file_format)

    def catalogue(self, name: str, store: GalaxyStore) -> Catalogue:
        """What identifies the galaxies of a dataset; cached by file."""
        key = self._datasets.row(name).file
        if key not in self._catalogues:
            self._catalogues[key] = Catalogue.of(store.source_ids, store.ra, store.dec, store.image_hashes)
        return self._catalogues[key]

    @cachedmethod(
        lambda self: self._uploads,
        key=lambda _, upload, embedded: (upload, embedded.key),
        lock=lambda self: self._lock,
    )
    def _upload_vector(self, upload: str, embedded: EmbeddingMatrix) -> Vectors:
        """(1, D) of length 1. Raises NotFoundError, or InvalidInputError where the bands differ."""
        from backend.ml.explore.inside import embed_image

        state = embedded.state
        reference = self._models.pin(state.run, str(state.step))
        checkpoint = self._models.get(reference)
        image = uploaded_image(self._settings, upload, checkpoint.config, checkpoint.bands)
        with self._models.use(reference) as model:
            features = embed_image(model, image.pixels, state.depth, state.pooling)
        return embedded.place(features)


def _prepare(
    request: SearchRequest, embedded: EmbeddingMatrix, store: GalaxyStore, upload: Vectors | None
) -> PreparedSearch:
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
    return PreparedSearch(request, positive_rows, negative_rows, examples)


def _require_positive(positives: list[int], negatives: list[int], upload: Vectors | None) -> None:
    both = set(positives) & set(negatives)
    if both:
        detail = f"row {min(both)} is both a positive and a negative example; remove one"
        raise InvalidInputError("both_signs", detail, "negatives")
    if positives or upload is not None:
        return
    if negatives:
        detail = "there are only negative examples; add a positive one"
        raise InvalidInputError("negatives_only", detail, "positives")
    raise InvalidInputError("no_query", "nothing to search by; give a row or an image", "row")


def _ranked(
    prepared: PreparedSearch, embedded: EmbeddingMatrix, catalogue: Catalogue, selected: Mask
) -> SearchHits:
    """By the index, if it returns enough, else among all galaxies. Its quality was measured for single
    queries, so several examples always use the exact search."""
    request, index = prepared.request, embedded.approximate
    single = (len(prepared.examples.positives), len(prepared.examples.negatives)) == (1, 0)
    if index is not None and single and not (request.exact or request.least):
        count = max(OVERSAMPLING * request.k, MIN_CANDIDATES)
        candidates = np.sort(index.candidates(prepared.examples.positives[0], count))
        found = _among(prepared, embedded, catalogue, selected, candidates)
        if len(found.ranked.rows) == request.k:
            return replace(found, approximate=index.quality)
    return _among(prepared, embedded, catalogue, selected, EVERYONE)


def _among(
    prepared: PreparedSearch,
    embedded: EmbeddingMatrix,
    catalogue: Catalogue,
    selected: Mask,
    rows: Rows | slice,
) -> SearchHits:
    """The best of some rows, scored exactly."""
    request, examples = prepared.request, prepared.examples
    vectors = embedded.vectors[rows]
    positive, negative = cosines(vectors, examples.positives), cosines(vectors, examples.negatives)
    allowed = selected.copy()
    allowed[[*prepared.positive_rows, *prepared.negative_rows]] = False
    before, allowed = int(allowed.sum()), allowed[rows]
    left_out = np.zeros_like(allowed)
    if not request.keep_trivial:
        left_out = allowed & _trivial(prepared, catalogue, positive, rows)
    scores = scored(positive, negative, examples.weight)
    ranked = rank(vectors, examples, scores, allowed & ~left_out, request.k, least=request.least)
    if isinstance(rows, np.ndarray):
        ranked = Ranking(rows[ranked.rows], ranked.scores)
    repeats = np.arange(len(embedded.vectors))[rows][left_out]
    return SearchHits(before - len(repeats), repeats, ranked, scores, allowed & ~left_out)


def _trivial(prepared: PreparedSearch, catalogue: Catalogue, positive: Vectors, rows: Rows | slice) -> Mask:
    """Rows that repeat a positive example, or show the same source."""
    found = np.zeros(len(positive), np.bool_)
    for place, row in enumerate(prepared.positive_rows):
        found |= catalogue.same_place(row, prepared.request.near_arcsec, rows)
        found |= catalogue.same_picture(row, positive[:, place], rows)
    for place in range(len(prepared.positive_rows), positive.shape[1]):
        found |= near_identical(positive[:, place])
    return found


def _result(
    prepared: PreparedSearch,
    embedded: EmbeddingMatrix,
    store: GalaxyStore,
    found: SearchHits,
    milliseconds: float,
) -> SearchResult:
    request = prepared.request
    return SearchResult.from_attributes(
        embedded.state,
        query=None if request.row is None else found_galaxy(store, request.row),
        positives=[found_galaxy(store, row) for row in request.positives],
        negatives=[found_galaxy(store, row) for row in request.negatives],
        neighbours=[
            Neighbour(**vars(found_galaxy(store, int(row))), similarity=round(float(score), 6))
            for row, score in zip(found.ranked.rows, found.ranked.scores, strict=True)
        ],
        candidates=found.candidates,
        left_out=len(found.left_out),
        left_out_ids=[store.source_ids[row] or f"#{row}" for row in found.left_out[:NAMED_REPEATS]],
        approximate=None if found.approximate is None else IndexQuality(**vars(found.approximate)),
        milliseconds=round(milliseconds, 2),
    )
