"""Embeddings of every galaxy of a dataset, in memory as search and map want them.

They are computed by a job (`backend.jobs.tasks.embed`) and read here from the cache of features.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray
from sqlalchemy import select

from backend.data.feature_files import read_features
from backend.db.engine import Database
from backend.db.models import RunRow
from backend.errors import ConflictError
from backend.files import read_json
from backend.search import approximate
from backend.search.approximate import Approximate
from backend.search.vectors import Vectors, standard_of, standardised, train_rows, unit
from backend.services.datasets.browsing import Datasets
from backend.services.embeddings.spaces import ResolvedSpace, feature_cache, resolve_space
from backend.settings import Settings
from shared.configs import EmbedConfig
from shared.configs.kinds import RunKind
from shared.contract.search import EmbeddingSpace, EmbeddingState, QualityState, SearchQuality

MAX_BYTES = max(2 * 10**9, psutil.virtual_memory().total // 4)
"""Of all matrices and indices in memory; the newest is kept whatever its size."""
NEWEST_JOBS = 200


@dataclass(frozen=True)
class Embedded:
    """The galaxies of a space: `vectors` (N, D) float32 of length 1, a row a galaxy of the dataset, in its
    order; `mean` and `scale` (D,) standardise other features of this encoder as the train rows were.
    `approximate` is an index of the vectors, where a job left one."""

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
            found = self._with_index(found, resolved)
            state = self._state(resolved)
            if found.state != state:  # the dataset was renamed, or another run has the same weights
                found = replace(found, state=state)
            self._kept[resolved.key] = found
            self._kept.move_to_end(resolved.key)
            self._let_go()
        return found

    def _read(self, resolved: ResolvedSpace) -> Embedded:
        folder = feature_cache(self._settings)
        parts = [read_features(folder / file, resolved.n) for file in resolved.files]
        features = [part for part in parts if part is not None]
        if len(features) < len(parts):
            raise not_embedded(resolved)
        with self._datasets.use(str(resolved.config.dataset)) as store:
            train = train_rows(store.splits)
        mean, scale = standard_of(features, train)
        vectors = standardised(features, mean, scale)
        return Embedded(resolved.key, self._state(resolved), vectors, mean, scale)

    def _with_index(self, found: Embedded, resolved: ResolvedSpace) -> Embedded:
        """With the index that a job may have left since."""
        if found.approximate is not None:
            return found
        index = approximate.read(feature_cache(self._settings) / resolved.index_file)
        return found if index is None else replace(found, approximate=index)

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
        with self._database.read() as session:
            for run_id, config in session.execute(jobs.order_by(RunRow.created_at.desc()).limit(NEWEST_JOBS)):
                measures = config.get("quality") and config.get("pooling") == resolved.config.pooling
                if embeds(config, resolved.config) and (measures or not quality):
                    return str(run_id)
        return None

    def _let_go(self) -> None:
        while len(self._kept) > 1 and sum(one.nbytes for one in self._kept.values()) > MAX_BYTES:
            self._kept.popitem(last=False)


def embeds(config: Mapping[str, Any], wanted: EmbedConfig) -> bool:
    """Whether a job with this config makes what is wanted: it keeps cls and mean, whichever was asked for."""
    same = all(config.get(key) == getattr(wanted, key) for key in ("encoder", "dataset", "depth"))
    return same and (config.get("checkpoint") == wanted.checkpoint or bool(config.get("every_checkpoint")))


def not_embedded(resolved: ResolvedSpace) -> ConflictError:
    """What to do about it."""
    config = resolved.config
    return ConflictError(
        "not_embedded",
        f"checkpoint {config.checkpoint} of {config.encoder} has no embeddings of {config.dataset} at depth "
        f"{config.depth} yet; queue a run of kind embed, or `galaxyscope embed --run {config.encoder}`",
    )
