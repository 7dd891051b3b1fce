"""The map: a projection of the embeddings of every galaxy to two dimensions."""

import time
from pathlib import Path

from backend.data.byte_cache import ByteCache
from backend.data.feature_files import every_row_files
from backend.errors import NotFoundError
from backend.files import read_json
from backend.jobs.encoders import META, settled
from backend.jobs.run_dir import EncoderSpec, Result, Spec
from backend.jobs.run_writer import RunWriter
from backend.jobs.tasks.inputs import cached_vectors, open_store
from backend.search.projection import PROJECTION_BYTES, project_tsne, projection_name
from shared.configs import ModelConfig, ProjectConfig


def run(spec: Spec, home: Path, writer: RunWriter) -> Result:
    """Leave the projection in the cache, under the name that services look for."""
    config = ProjectConfig.model_validate(spec.config)
    encoder = settled(home, spec.encoder, config.checkpoint)
    files = _files(encoder, str(spec.dataset_digest), config, home)
    with open_store(spec, home) as store:
        vectors = cached_vectors(files, store, home)
    began = time.monotonic()

    def tick(done: int, total: int) -> None:
        left = (time.monotonic() - began) * (total - done) / done if done else None
        message = f"iteration {done} of {total}" if done else "finding neighbours"
        writer.report(message, step=done, total_steps=total, eta_s=left)

    made = project_tsne(vectors, perplexity=config.perplexity, seed=config.seed, tick=tick)
    name = projection_name(config.method, files, perplexity=config.perplexity, seed=config.seed)
    ByteCache(home / "cache" / "projections", PROJECTION_BYTES).put(name, made.to_bytes())
    return writer.result(step=len(vectors))


def _files(encoder: EncoderSpec, dataset_digest: str, config: ProjectConfig, home: Path) -> tuple[str, ...]:
    meta = read_json(home / encoder.folder / META)
    if meta is None or config.depth is None:
        raise NotFoundError(
            "checkpoint_not_found",
            f"checkpoint {encoder.step} of {encoder.run} no longer exists; choose another",
            "checkpoint",
        )
    model = ModelConfig.of(meta["config"])
    return every_row_files(encoder.weights_digest, dataset_digest, model, config.depth, config.pooling)
