"""Embeddings of every galaxy of a dataset, in memory for search and maps.

A job computes them (`backend.jobs.tasks.embed`); here they are read from the feature cache.
"""

import io
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet
from cachetools import LRUCache
from numpy.typing import NDArray

from backend.data.feature_files import read_features
from backend.data.store import GalaxyStore
from backend.db.engine import Database
from backend.errors import ConflictError
from backend.files import read_json
from backend.search import approximate
from backend.search.approximate import Approximate
from backend.search.vectors import Vectors, standard_of, standardised, train_rows, unit
from backend.services.datasets.browsing import SPLIT_OF_CODE, Datasets
from backend.services.embeddings.spaces import (
    ResolvedSpace,
    feature_cache,
    is_embedded,
    newest_job,
    resolve_space,
)
from backend.settings import Settings
from shared.configs import EmbedConfig
from shared.configs.kinds import RunKind
from shared.contract.search import EmbeddingSpace, EmbeddingState, QualityState, SearchQuality

MAX_BYTES = max(2 * 10**9, psutil.virtual_memory().total // 4)
"""Of all matrices and indices in memory; the newest is kept whatever its size."""


@dataclass(frozen=True)
class EmbeddingMatrix:
    """The galaxies of a space: `vectors` (N, D) float32 of length 1, in the order of the dataset; `mean` and
    `scale` (D,) standardise other features of this encoder like the train rows. `approximate` is an index of
    the vectors, where a job built one."""

    key: str
    state: EmbeddingState
    vectors: Vectors
    mean: Vectors
    scale: Vectors
    approximate: Approximate | None = None

    @property
    def nbytes(self) -> int:
        return self.vectors.nbytes + (self.approximate.quality.bytes if self.approximate else 0)

    def place(self, features: NDArray[np.floating]) -> Vectors:
        """Features (m, D) of other images as vectors of this space."""
        return unit((features.astype(np.float32) - self.mean) * self.scale)


class Embeddings:
    """Reads embeddings, and caches those used last."""

    def __init__(self, database: Database, settings: Settings, datasets: Datasets) -> None:
        self._database, self._settings, self._datasets = database, settings, datasets
        self._lock = threading.Lock()
        self._cache: LRUCache[str, EmbeddingMatrix] = LRUCache(
            MAX_BYTES, getsizeof=lambda matrix: min(matrix.nbytes, MAX_BYTES)
        )

    def resolve(self, space: EmbeddingSpace) -> ResolvedSpace:
        """Raises NotFoundError, InvalidInputError."""
        return resolve_space(self._database, self._settings, space)

    def state(self, space: EmbeddingSpace) -> EmbeddingState:
        """Whether they exist, and the job that computes them. Raises NotFoundError, InvalidInputError."""
        return self._state(self.resolve(space))

    def quality(self, space: EmbeddingSpace) -> QualityState:
        """How well the search works, where that was measured. Raises as `state` does."""
        resolved = self.resolve(space)
        stored = read_json(feature_cache(self._settings) / resolved.quality_file)
        return QualityState(
            quality=SearchQuality.model_validate(stored) if stored else None,
            job=self._job(resolved, quality=True),
            config=resolved.config.model_copy(update={"quality": True}),
        )

    def get(self, space: EmbeddingSpace) -> EmbeddingMatrix:
        """Raises ConflictError where they are not computed yet, and as `state` does."""
        resolved = self.resolve(space)
        with self._lock:
            found = self._cache.get(resolved.key) or self._read(resolved)
            index, state = found.approximate, self._state(resolved)
            if index is None:  # a job may have built one since
                index = approximate.read(feature_cache(self._settings) / resolved.index_file)
            if (found.state, found.approximate) != (state, index):  # renamed, or a run with the same weights
                found = replace(found, state=state, approximate=index)
            self._cache[resolved.key] = found
        return found

    def _read(self, resolved: ResolvedSpace) -> EmbeddingMatrix:
        folder = feature_cache(self._settings)
        parts = [read_features(folder / file, resolved.n) for file in resolved.files]
        features = [part for part in parts if part is not None]
        if len(features) < len(parts):
            raise not_embedded(resolved)
        with self._datasets.use(str(resolved.config.dataset)) as store:
            train = train_rows(store.splits)
        mean, scale = standard_of(features, train)
        vectors = standardised(features, mean, scale)
        return EmbeddingMatrix(resolved.key, self._state(resolved), vectors, mean, scale)

    def _state(self, resolved: ResolvedSpace) -> EmbeddingState:
        config = resolved.config
        return EmbeddingState.from_attributes(
            resolved,
            run=config.encoder,
            step=resolved.encoder.step,
            dataset=str(config.dataset),
            depth=config.depth or resolved.layers,
            pooling=config.pooling,
            ready=is_embedded(self._settings, resolved.files),
            job=self._job(resolved),
            config=config,
        )

    def _job(self, resolved: ResolvedSpace, *, quality: bool = False) -> str | None:
        """The newest job that computes these features; with `quality`, that measures this pooling of them."""

        def computes(config: Mapping[str, Any]) -> bool:
            measures = bool(config.get("quality")) and config.get("pooling") == resolved.config.pooling
            return embeds(config, resolved.config) and (measures or not quality)

        return newest_job(self._database, RunKind.EMBED, computes)


def embeds(config: Mapping[str, Any], target: EmbedConfig) -> bool:
    """Whether a job with this config computes the target's features; it stores both poolings in any case."""
    same = all(config.get(key) == getattr(target, key) for key in ("encoder", "dataset", "depth"))
    return same and (config.get("checkpoint") == target.checkpoint or bool(config.get("every_checkpoint")))


def not_embedded(resolved: ResolvedSpace) -> ConflictError:
    config = resolved.config
    return ConflictError(
        "not_embedded",
        f"checkpoint {config.checkpoint} of {config.encoder} has no embeddings of {config.dataset} at depth "
        f"{config.depth} yet; queue a run of kind embed, or `galaxyscope embed --run {config.encoder}`",
    )


EmbeddingFormat = Literal["npy", "parquet"]


def embeddings_file(
    datasets: Datasets, embeddings: Embeddings, space: EmbeddingSpace, file_format: EmbeddingFormat
) -> bytes:
    """The vectors as they are searched: standardised by the train rows, of length 1, float32.

    NPY: a record (source_id, embedding) a galaxy, without pickles. Parquet: row, source_id, label, split, ra,
    dec and embedding, a list of fixed length. Raises ConflictError where they are not there yet.
    """
    embedded = embeddings.get(space)
    with datasets.use(embedded.state.dataset) as store:
        write = _npy if file_format == "npy" else _parquet
        return write(store, embedded.vectors)


def _npy(store: GalaxyStore, vectors: Vectors) -> bytes:
    ids = np.array(store.source_ids)
    records = np.empty(len(ids), [("source_id", ids.dtype), ("embedding", np.float32, (vectors.shape[1],))])
    records["source_id"], records["embedding"] = ids, vectors
    out = io.BytesIO()
    np.save(out, records, allow_pickle=False)
    return out.getvalue()


def _parquet(store: GalaxyStore, vectors: Vectors) -> bytes:
    names = [*store.class_names, None]  # −1 is no class
    table = pa.table(
        {
            "row": np.arange(store.n),
            "source_id": store.source_ids,
            "label": [names[label] for label in store.labels],
            "split": [SPLIT_OF_CODE[int(code)].value for code in store.splits],
            "ra": pa.array(store.ra, from_pandas=True),
            "dec": pa.array(store.dec, from_pandas=True),
            "embedding": pa.FixedSizeListArray.from_arrays(vectors.ravel(), vectors.shape[1]),
        }
    )
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out)
    return out.getvalue()
