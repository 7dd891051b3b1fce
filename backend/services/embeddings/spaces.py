"""What an embedding space means now: its checkpoint, dataset and depth, and where its features are kept."""

from dataclasses import dataclass
from pathlib import Path

from backend.data.feature_files import every_row_files, feature_folder, index_file, quality_file
from backend.data.store import GalaxyStore
from backend.db.engine import Database
from backend.errors import InvalidInputError
from backend.jobs.encoders import FoundEncoder, find_encoder, saved_steps
from backend.jobs.run_dir import EncoderSpec, RunDir
from backend.search import approximate
from backend.services.evaluation.encoders import encoder_run, judged_on, require_bands, source_of
from backend.settings import Settings
from shared.base.vocabulary import SPLIT_CODES, Split
from shared.configs import EmbedConfig, ModelConfig
from shared.configs.embeddings import SpaceConfig
from shared.contract.search import EmbeddingSpace


@dataclass(frozen=True)
class ResolvedSpace:
    """A space with nothing left open; `files` (relative to the cache of features) hold what is pooled, side
    by side."""

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
        """Changes with the weights, the dataset, the depth and the pooling."""
        return "+".join(self.files)


def feature_cache(settings: Settings) -> Path:
    return settings.home / "cache" / "features"


def resolve_space(database: Database, settings: Settings, space: EmbeddingSpace) -> ResolvedSpace:
    """Raises NotFoundError or InvalidInputError where there is no such encoder, checkpoint, dataset or depth,
    or the encoder cannot read the dataset."""
    with database.read() as session:
        run = encoder_run(session, space.run)
        dataset = judged_on(session, space.dataset, run)
        source = source_of(session, run)
    found = find_encoder(settings.home, run.id, space.checkpoint)
    require_bands(run, found.channels, dataset)
    depth = _depth(space, found)
    model = ModelConfig.of(found.meta["config"])
    files = every_row_files(found.spec.weights_digest, dataset.digest, model, depth, space.pooling)
    folder = feature_folder(found.spec.weights_digest, dataset.digest, model)
    values = {
        "encoder": run.id,
        "checkpoint": str(found.spec.step),
        "dataset": dataset.name,
        "depth": depth,
        "pooling": space.pooling,
    }
    return ResolvedSpace(
        config=EmbedConfig.model_validate(values),
        encoder=found.spec.model_copy(update=source.model_dump()),
        dataset_file=dataset.file,
        layers=found.depth,
        n=int(dataset.info["n"]),
        files=files,
        quality_file=f"{folder}/{quality_file(depth, space.pooling)}",
        index_file=f"{folder}/{index_file(depth, space.pooling)}",
        width=int(found.meta["config"]["embed_dim"]) * len(files),
    )


def require_quality(settings: Settings, space: ResolvedSpace) -> None:
    """Raise InvalidInputError where no class can be asked for: no labelled train or validation rows."""
    name = str(space.config.dataset)
    with GalaxyStore.open(settings.datasets_dir / space.dataset_file) as store:
        for split in (Split.TRAIN, Split.VAL):
            if not ((store.splits == SPLIT_CODES[split]) & (store.labels >= 0)).any():
                raise InvalidInputError(
                    "no_labels",
                    f"{name} has no labelled {split} rows, so that nothing says whether similar means of the "
                    "same class; measure the search on a labelled dataset",
                    "dataset",
                )


def require_index() -> None:
    """Raise InvalidInputError where faiss is not here."""
    if not approximate.is_installed():
        raise InvalidInputError(
            "no_faiss",
            "index = always needs faiss, which is not installed; `pip install faiss-cpu` (the extra `ann`), "
            "or leave it at auto: exact search needs none",
            "index",
        )


def space_of(config: SpaceConfig) -> EmbeddingSpace:
    """The space that a job with this config works on."""
    return EmbeddingSpace(
        run=config.encoder,
        checkpoint=config.checkpoint,
        dataset=config.dataset,
        depth=config.depth,
        pooling=config.pooling,
    )


def embedded_steps(settings: Settings, resolved: ResolvedSpace) -> list[int]:
    """Checkpoints of its run whose embeddings, of the same dataset, depth and pooling, are there; rising."""
    here = resolved.encoder.weights_digest
    steps = []
    for step in saved_steps(RunDir(settings.runs_dir / resolved.encoder.run)):
        digest = find_encoder(settings.home, resolved.encoder.run, str(step)).spec.weights_digest
        files = (file.replace(here, digest, 1) for file in resolved.files)
        if all((feature_cache(settings) / file).is_file() for file in files):
            steps.append(step)
    return steps


def _depth(space: EmbeddingSpace, found: FoundEncoder) -> int:
    depth = space.depth or found.depth
    if depth > found.depth:
        raise InvalidInputError(
            "no_depth", f"depth = {depth}: the encoder of {space.run} has blocks 1 to {found.depth}", "depth"
        )
    return depth
