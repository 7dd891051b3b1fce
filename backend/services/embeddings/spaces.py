"""Resolving an embedding space: its checkpoint, dataset, depth, and the files of its features."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from backend.data.feature_files import every_row_files, feature_folder, index_file, quality_file
from backend.db.engine import Database
from backend.db.models import RunRow
from backend.errors import InvalidInputError
from backend.jobs.encoders import FoundEncoder, find_encoder, saved_steps
from backend.jobs.run_dir import EncoderSpec, RunDir
from backend.services.evaluation.encoders import encoder_run, evaluation_dataset, require_bands, source_of
from backend.settings import Settings
from shared.configs import EmbedConfig, ModelConfig
from shared.configs.embeddings import SpaceConfig
from shared.configs.kinds import RunKind
from shared.contract.search import EmbeddingSpace

NEWEST_JOBS = 200


@dataclass(frozen=True)
class ResolvedSpace:
    """A space with every default filled in. `files`, relative to the feature cache, hold its features; with
    two poolings they go side by side."""

    config: EmbedConfig
    encoder: EncoderSpec
    dataset_file: str
    layers: int
    n: int
    files: tuple[str, ...]
    quality_file: str
    index_file: str
    width: int

    @property
    def key(self) -> str:
        """Changes with weights, dataset, depth and pooling."""
        return "+".join(self.files)


def feature_cache(settings: Settings) -> Path:
    return settings.home / "cache" / "features"


def resolve_space(database: Database, settings: Settings, space: EmbeddingSpace) -> ResolvedSpace:
    """Raises NotFoundError or InvalidInputError where encoder, checkpoint, dataset or depth do not exist, or
    the encoder cannot read the dataset."""
    with database.read() as session:
        run = encoder_run(session, space.run)
        dataset = evaluation_dataset(session, space.dataset, run)
        source = source_of(session, run)
    found = find_encoder(settings.home, run.id, space.checkpoint)
    require_bands(run, found.channels, dataset)
    depth = _depth(space, found)
    model = ModelConfig.of(found.meta["config"])
    files = every_row_files(found.spec.weights_digest, dataset.digest, model, depth, space.pooling)
    folder = feature_folder(found.spec.weights_digest, dataset.digest, model)
    return ResolvedSpace(
        config=EmbedConfig(
            encoder=run.id,
            checkpoint=str(found.spec.step),
            dataset=dataset.name,
            depth=depth,
            pooling=space.pooling,
        ),
        encoder=found.spec.model_copy(update=source.model_dump()),
        dataset_file=dataset.file,
        layers=found.depth,
        n=int(dataset.info["n"]),
        files=files,
        quality_file=f"{folder}/{quality_file(depth, space.pooling)}",
        index_file=f"{folder}/{index_file(depth, space.pooling)}",
        width=int(found.meta["config"]["embed_dim"]) * len(files),
    )


def is_embedded(settings: Settings, files: Iterable[str]) -> bool:
    """Whether all `files` of a space exist."""
    return all((feature_cache(settings) / file).is_file() for file in files)


def space_of(config: SpaceConfig) -> EmbeddingSpace:
    """The space that a job with this config works on."""
    return EmbeddingSpace.from_attributes(config, run=config.encoder)


def embedded_steps(settings: Settings, resolved: ResolvedSpace) -> list[int]:
    """Steps of the run, rising, with embeddings of the same dataset, depth and pooling."""
    here = resolved.encoder.weights_digest
    steps = []
    for step in saved_steps(RunDir(settings.runs_dir / resolved.encoder.run)):
        digest = find_encoder(settings.home, resolved.encoder.run, str(step)).spec.weights_digest
        files = (file.replace(here, digest, 1) for file in resolved.files)
        if is_embedded(settings, files):
            steps.append(step)
    return steps


def newest_job(
    database: Database, kind: RunKind, computes: Callable[[Mapping[str, Any]], bool]
) -> str | None:
    """The newest of the last NEWEST_JOBS jobs of a kind whose config `computes` what is wanted."""
    jobs = select(RunRow.id, RunRow.config).where(RunRow.kind == kind.value)
    with database.read() as session:
        found = session.execute(jobs.order_by(RunRow.created_at.desc()).limit(NEWEST_JOBS))
        return next((run_id for run_id, config in found if computes(config)), None)


def _depth(space: EmbeddingSpace, found: FoundEncoder) -> int:
    depth = space.depth or found.depth
    if depth > found.depth:
        detail = f"depth = {depth}: the encoder of {space.run} has blocks 1 to {found.depth}"
        raise InvalidInputError("no_depth", detail, "depth")
    return depth
