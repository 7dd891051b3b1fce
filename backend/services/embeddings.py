"""Embeddings of every galaxy of a dataset, in memory as search and map want them.

They are computed by a job (`backend.jobs.tasks.embed`) and read here from the cache of features.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from backend.data.feature_files import read_features
from backend.data.store import GalaxyStore
from backend.db.engine import Database
from backend.db.models import RunRow
from backend.errors import ConflictError
from backend.files import read_json
from backend.services.datasets import Datasets
from backend.services.embedding_spaces import ResolvedSpace, feature_cache, resolve_space
from backend.settings import Settings
from shared.datasets import SPLIT_CODES, Split
from shared.runs import RunKind
from shared.search import EmbeddingSpace, EmbeddingState, QualityState, SearchQuality

Vectors = NDArray[np.float32]
MAX_BYTES = 2 * 10**9
"""Of all matrices in memory; the newest is kept whatever its size."""
BLOCK = 65_536
MIN_STD = 1e-6
NEWEST_JOBS = 200


@dataclass(frozen=True)
class Embedded:
    """The galaxies of a space: `vectors` (N, D) float32 of length 1, a row a galaxy of the dataset, in its
    order; `mean` and `scale` (D,) standardise other features of this encoder as the train rows were."""

    key: str
    state: EmbeddingState
    vectors: Vectors
    mean: Vectors
    scale: Vectors

    def place(self, features: NDArray[np.floating]) -> Vectors:
        """Features (m, D) of other images as vectors of this space."""
        return _unit((features.astype(np.float32) - self.mean) * self.scale)


class Embeddings:
    """Reads embeddings, and keeps those in memory that were last asked for."""

    def __init__(self, database: Database, settings: Settings, datasets: Datasets) -> None:
        self._database, self._settings, self._datasets = database, settings, datasets
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Embedded] = OrderedDict()

    def resolve(self, space: EmbeddingSpace) -> ResolvedSpace:
        """Raises NotFoundError, InvalidInputError."""
        return resolve_space(self._database, self._settings, space)

    def state(self, space: EmbeddingSpace) -> EmbeddingState:
        """Whether they are there, and the job that makes them. Raises NotFoundError, InvalidInputError."""
        return self._state(self.resolve(space))

    def quality(self, space: EmbeddingSpace) -> QualityState:
        """What the search is worth, where it was measured. Raises as `state` does."""
        resolved = self.resolve(space)
        stored = read_json(feature_cache(self._settings) / resolved.quality_file)
        return QualityState(
            quality=SearchQuality.model_validate(stored) if stored else None,
            job=self._job(resolved, quality=True),
            config=resolved.config.model_copy(update={"quality": True}),
        )

    def get(self, space: EmbeddingSpace) -> Embedded:
        """Raises ConflictError where they are not there, and as `state` does."""
        resolved = self.resolve(space)
        with self._lock:
            found = self._kept.get(resolved.key) or self._read(resolved)
            self._kept[resolved.key] = found
            self._kept.move_to_end(resolved.key)
            self._let_go()
        return found

    def _read(self, resolved: ResolvedSpace) -> Embedded:
        folder = feature_cache(self._settings)
        parts = [read_features(folder / file, resolved.n) for file in resolved.files]
        features = [part for part in parts if part is not None]
        if len(features) < len(parts):
            raise _not_embedded(resolved)
        with self._datasets.use(str(resolved.config.dataset)) as store:
            train = train_rows(store)
        mean, scale = _standard(features, train)
        vectors = _standardised(features, mean, scale)
        return Embedded(resolved.key, self._state(resolved), vectors, mean, scale)

    def _state(self, resolved: ResolvedSpace) -> EmbeddingState:
        folder, config = feature_cache(self._settings), resolved.config
        return EmbeddingState(
            run=config.encoder,
            step=resolved.encoder.step,
            dataset=str(config.dataset),
            depth=config.depth or resolved.layers,
            layers=resolved.layers,
            pooling=config.pooling,
            n=resolved.n,
            width=resolved.width,
            ready=all((folder / file).is_file() for file in resolved.files),
            job=self._job(resolved),
            config=config,
        )

    def _job(self, resolved: ResolvedSpace, *, quality: bool = False) -> str | None:
        """The newest job whose features these are: it keeps cls and mean, whichever was asked for. With
        `quality` the newest that measures them as they are pooled."""
        jobs = select(RunRow.id, RunRow.config).where(RunRow.kind == RunKind.EMBED.value)
        wanted = resolved.config.model_dump(mode="json", exclude={"pooling", "quality"})
        if quality:
            wanted |= {"pooling": resolved.config.pooling, "quality": True}
        with self._database.read() as session:
            for run_id, config in session.execute(jobs.order_by(RunRow.created_at.desc()).limit(NEWEST_JOBS)):
                if {key: config.get(key) for key in wanted} == wanted:
                    return str(run_id)
        return None

    def _let_go(self) -> None:
        while len(self._kept) > 1 and sum(one.vectors.nbytes for one in self._kept.values()) > MAX_BYTES:
            self._kept.popitem(last=False)


def train_rows(store: GalaxyStore) -> NDArray[np.bool_]:
    """Which rows (N,) standardise: those of the train split, labelled or not; all where it has none."""
    train: NDArray[np.bool_] = store.splits == SPLIT_CODES[Split.TRAIN]
    return train if train.any() else np.ones_like(train)


def _standard(features: list[NDArray[np.float16]], train: NDArray[np.bool_]) -> tuple[Vectors, Vectors]:
    """Mean and one over the standard deviation of the train rows; a constant feature becomes 0."""
    means, scales = [], []
    for part in features:
        chosen = part[train].astype(np.float32)
        means.append(chosen.mean(axis=0, dtype=np.float64))
        std = chosen.std(axis=0, dtype=np.float64)
        scales.append(np.where(std > MIN_STD, 1 / np.maximum(std, MIN_STD), 0.0))
    return np.concatenate(means).astype(np.float32), np.concatenate(scales).astype(np.float32)


def _standardised(features: list[NDArray[np.float16]], mean: Vectors, scale: Vectors) -> Vectors:
    """Vectors (N, D) of length 1, made a block at a time."""
    vectors = np.empty((len(features[0]), len(mean)), np.float32)
    for start in range(0, len(vectors), BLOCK):
        block = np.concatenate([part[start : start + BLOCK] for part in features], axis=1)
        vectors[start : start + BLOCK] = _unit((block.astype(np.float32) - mean) * scale)
    return vectors


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = vectors / np.maximum(lengths, np.float32(1e-12))
    return unit


def _not_embedded(resolved: ResolvedSpace) -> ConflictError:
    config = resolved.config
    return ConflictError(
        "not_embedded",
        f"checkpoint {config.checkpoint} of {config.encoder} has no embeddings of {config.dataset} at depth "
        f"{config.depth} yet; queue a run of kind embed, or `galaxyscope embed --run {config.encoder}`",
    )
