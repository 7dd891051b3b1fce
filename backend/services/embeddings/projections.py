"""Maps: the galaxies of a space in two dimensions."""

import threading
from hashlib import sha256

import numpy as np

from backend.data.byte_cache import ByteCache
from backend.db.engine import Database
from backend.errors import ConflictError, InvalidInputError
from backend.search.projection import (
    PROJECTION_BYTES,
    Projection,
    project_aligned,
    project_pca,
    projection_name,
)
from backend.services.embeddings.spaces import ResolvedSpace, embedded_steps, newest_job, space_of
from backend.services.embeddings.vectors import Embeddings
from backend.settings import Settings
from shared.configs import ProjectConfig
from shared.configs.embeddings import SpaceConfig
from shared.configs.kinds import RunKind
from shared.contract.maps import MapRequest, MapState
from shared.contract.search import EmbeddingSpace

MIN_PERPLEXITY, NEIGHBOURS = 2, 3
"""t-SNE uses NEIGHBOURS times as many neighbours as its perplexity."""


class Projections:
    """Computes PCA maps, and reads t-SNE maps that a job computed."""

    def __init__(self, database: Database, settings: Settings, embeddings: Embeddings) -> None:
        self._database, self._settings, self._embeddings = database, settings, embeddings
        self._files = ByteCache(settings.home / "cache" / "projections", PROJECTION_BYTES)
        self._making = threading.Lock()

    def state(self, request: MapRequest) -> MapState:
        """Whether the map exists. Raises NotFoundError, InvalidInputError."""
        resolved, onto = self._spaces(request)
        embeddings = self._embeddings.state(EmbeddingSpace.from_attributes(request))
        tsne = request.method == "tsne"
        config = projection_config(resolved, request.perplexity, request.seed) if tsne else None
        why_not = perplexity_fault(request.perplexity, resolved) if tsne else None
        embedded = embeddings.ready and (onto is None or self._embeddings.state(space_of(onto.config)).ready)
        found = self._find(request, resolved, onto) if embedded else None
        return MapState(
            embeddings=embeddings,
            method=request.method,
            aligned=onto.encoder.step if onto else None,
            ready=found is not None,
            shares=list(found.shares) if found else [],
            job=self._job(config) if config else None,
            config=None if why_not else config,
            why_not=why_not,
            steps=embedded_steps(self._settings, resolved),
        )

    def points(self, request: MapRequest) -> bytes:
        """In the layout of shared.contract.maps. Raises ConflictError where there is no map yet."""
        resolved, onto = self._spaces(request)
        found = self._find(request, resolved, onto)
        if found is None:
            raise ConflictError(
                "not_projected",
                f"the t-SNE of {resolved.config.dataset} by {request.run} is not computed yet; queue a run "
                "of kind project, or use the PCA",
            )
        return np.ascontiguousarray(found.points.T, "<f4").tobytes()

    def etag(self, request: MapRequest) -> str:
        """Changes when the points do."""
        resolved, onto = self._spaces(request)
        return f'"{sha256(_name(request, resolved, onto).encode()).hexdigest()[:24]}"'

    def _spaces(self, request: MapRequest) -> tuple[ResolvedSpace, ResolvedSpace | None]:
        resolved = self._embeddings.resolve(EmbeddingSpace.from_attributes(request))
        if request.aligned is None and request.aligned_run is None:
            return resolved, None
        if request.method != "pca":
            raise InvalidInputError(
                "not_alignable", "only a PCA can be aligned to another; leave aligned out", "aligned"
            )
        onto = self._embeddings.resolve(_onto(request, str(resolved.config.dataset)))
        return resolved, onto if onto.key != resolved.key else None

    def _find(
        self, request: MapRequest, resolved: ResolvedSpace, onto: ResolvedSpace | None
    ) -> Projection | None:
        """The map, computed now if it is a missing PCA, by one thread at a time."""
        name = _name(request, resolved, onto)
        with self._making:
            kept = self._files.get(name)
            if kept is not None:
                return Projection.from_bytes(kept)
            vectors = self._embeddings.get(EmbeddingSpace.from_attributes(request)).vectors
            if request.method == "tsne":
                return None
            if onto is None:
                made = project_pca(vectors)
            else:
                made = project_aligned(vectors, self._embeddings.get(space_of(onto.config)).vectors)
            self._files.put(name, made.to_bytes())
        return made

    def _job(self, config: ProjectConfig) -> str | None:
        target = config.model_dump(mode="json")
        return newest_job(self._database, RunKind.PROJECT, lambda found: found == target)


def projection_config(space: ResolvedSpace, perplexity: float, seed: int) -> ProjectConfig:
    """The job that computes the t-SNE of a space."""
    values = space.config.model_dump(include=set(SpaceConfig.model_fields))
    return ProjectConfig(**values, perplexity=perplexity, seed=seed)


def perplexity_fault(perplexity: float, space: ResolvedSpace) -> str | None:
    """Why there are too few galaxies for the perplexity; None where there are enough."""
    most = (space.n - 1) // NEIGHBOURS
    if perplexity <= most:
        return None
    name = space.config.dataset
    if most < MIN_PERPLEXITY:
        return f"{name} has {space.n} galaxies, too few for t-SNE; use the PCA"
    return (
        f"perplexity = {perplexity:g}: {name} has {space.n} galaxies, and t-SNE uses {NEIGHBOURS} times as "
        f"many neighbours; set {most} or less"
    )


def _onto(request: MapRequest, dataset: str) -> EmbeddingSpace:
    """Another checkpoint of the run, at its depth and pooling; or another encoder in the same dataset."""
    if request.aligned_run is None:
        return EmbeddingSpace.from_attributes(request, checkpoint=request.aligned)
    return EmbeddingSpace(
        run=request.aligned_run,
        checkpoint=request.aligned or "best",
        dataset=dataset,
        depth=request.aligned_depth,
        pooling=request.aligned_pooling or request.pooling,
    )


def _name(request: MapRequest, resolved: ResolvedSpace, onto: ResolvedSpace | None) -> str:
    if request.method == "tsne":
        return projection_name("tsne", resolved.files, perplexity=request.perplexity, seed=request.seed)
    return projection_name("pca", resolved.files, onto=list(onto.files) if onto else None)
