"""Maps: where the galaxies of a space are in two dimensions."""

import threading
from hashlib import sha256

import numpy as np
from sqlalchemy import select

from backend.data.byte_cache import ByteCache
from backend.db.engine import Database
from backend.db.models import RunRow
from backend.errors import ConflictError, InvalidInputError
from backend.search.projection import (
    PROJECTION_BYTES,
    Projection,
    project_aligned,
    project_pca,
    projection_name,
)
from backend.services.embeddings.projection_jobs import config_of, perplexity_fault
from backend.services.embeddings.spaces import ResolvedSpace, embedded_steps, space_of
from backend.services.embeddings.vectors import Embeddings
from backend.settings import Settings
from shared.configs import ProjectConfig
from shared.configs.kinds import RunKind
from shared.contract.maps import MapRequest, MapState
from shared.contract.search import EmbeddingSpace

NEWEST_JOBS = 200


class Projections:
    """Makes the maps that are made at once, and reads those that a job has made."""

    def __init__(self, database: Database, settings: Settings, embeddings: Embeddings) -> None:
        self._database, self._settings, self._embeddings = database, settings, embeddings
        self._files = ByteCache(settings.home / "cache" / "projections", PROJECTION_BYTES)
        self._making = threading.Lock()

    def state(self, asked: MapRequest) -> MapState:
        """Whether there is such a map. Raises NotFoundError, InvalidInputError."""
        resolved, onto = self._spaces(asked)
        embeddings = self._embeddings.state(_space(asked))
        tsne = asked.method == "tsne"
        config = config_of(resolved, asked.perplexity, asked.seed) if tsne else None
        why_not = perplexity_fault(asked.perplexity, resolved) if tsne else None
        embedded = embeddings.ready and (onto is None or self._embeddings.state(space_of(onto.config)).ready)
        found = self._find(asked, resolved, onto) if embedded else None
        return MapState(
            embeddings=embeddings,
            method=asked.method,
            aligned=onto.encoder.step if onto else None,
            ready=found is not None,
            shares=list(found.shares) if found else [],
            job=self._job(config) if config else None,
            config=None if why_not else config,
            why_not=why_not,
            steps=embedded_steps(self._settings, resolved),
        )

    def points(self, asked: MapRequest) -> bytes:
        """As shared.contract.maps lays it out. Raises ConflictError where there is none; as `state`."""
        resolved, onto = self._spaces(asked)
        found = self._find(asked, resolved, onto)
        if found is None:
            raise ConflictError(
                "not_projected",
                f"the t-SNE of {resolved.config.dataset} by {asked.run} is not made yet; queue a run of kind "
                "project, or look at the PCA",
            )
        return np.ascontiguousarray(found.points.T, "<f4").tobytes()

    def etag(self, asked: MapRequest) -> str:
        """Changes when the points do."""
        resolved, onto = self._spaces(asked)
        return f'"{sha256(_name(asked, resolved, onto).encode()).hexdigest()[:24]}"'

    def _spaces(self, asked: MapRequest) -> tuple[ResolvedSpace, ResolvedSpace | None]:
        resolved = self._embeddings.resolve(_space(asked))
        if asked.aligned is None and asked.aligned_run is None:
            return resolved, None
        if asked.method != "pca":
            raise InvalidInputError(
                "not_alignable", "only a PCA can be turned onto another; leave aligned out", "aligned"
            )
        onto = self._embeddings.resolve(_onto(asked, str(resolved.config.dataset)))
        return resolved, onto if onto.key != resolved.key else None

    def _find(
        self, asked: MapRequest, resolved: ResolvedSpace, onto: ResolvedSpace | None
    ) -> Projection | None:
        """The map, made now where that is done at once. Of several who ask, one makes it."""
        name = _name(asked, resolved, onto)
        with self._making:
            kept = self._files.get(name)
            if kept is not None:
                return Projection.from_bytes(kept)
            vectors = self._embeddings.get(_space(asked)).vectors
            if asked.method == "tsne":
                return None
            if onto is None:
                made = project_pca(vectors)
            else:
                made = project_aligned(vectors, self._embeddings.get(space_of(onto.config)).vectors)
            self._files.put(name, made.to_bytes())
        return made

    def _job(self, config: ProjectConfig) -> str | None:
        jobs = select(RunRow.id, RunRow.config).where(RunRow.kind == RunKind.PROJECT.value)
        wanted = config.model_dump(mode="json")
        with self._database.read() as session:
            for run_id, found in session.execute(jobs.order_by(RunRow.created_at.desc()).limit(NEWEST_JOBS)):
                if found == wanted:
                    return str(run_id)
        return None


def _space(asked: MapRequest) -> EmbeddingSpace:
    return EmbeddingSpace.model_validate(asked.model_dump(include=set(EmbeddingSpace.model_fields)))


def _onto(asked: MapRequest, dataset: str) -> EmbeddingSpace:
    """Another checkpoint of the run, at its depth and pooling; or another encoder in the same dataset."""
    if asked.aligned_run is None:
        return _space(asked).model_copy(update={"checkpoint": asked.aligned})
    return EmbeddingSpace(
        run=asked.aligned_run,
        checkpoint=asked.aligned or "best",
        dataset=dataset,
        depth=asked.aligned_depth,
        pooling=asked.aligned_pooling or asked.pooling,
    )


def _name(asked: MapRequest, resolved: ResolvedSpace, onto: ResolvedSpace | None) -> str:
    if asked.method == "tsne":
        return projection_name("tsne", resolved.files, perplexity=asked.perplexity, seed=asked.seed)
    return projection_name("pca", resolved.files, onto=list(onto.files) if onto else None)
