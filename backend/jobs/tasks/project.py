"""Two dimensions of the embeddings of every galaxy, for the map."""

import time
from pathlib import Path

from backend.data.byte_cache import ByteCache
from backend.data.feature_files import every_row_files
from backend.errors import NotFoundError
from backend.files import read_json
from backend.jobs.encoders import META
from backend.jobs.run_dir import EncoderSpec, Result, Spec
from backend.jobs.run_writer import RunWriter
from backend.jobs.tasks.judging import JudgingStoppedError
from backend.jobs.tasks.kept_vectors import kept_vectors
from backend.jobs.tasks.opening import open_store
from backend.search.projection import PROJECTION_BYTES, project_tsne, projection_name
from shared.configs import ModelConfig, ProjectConfig


def run(spec: Spec, home: Path, writer: RunWriter) -> Result:
    """Leave the projection in the cache, under the name that services look for."""
    if not isinstance(spec.encoder, EncoderSpec):
        raise NotFoundError("no_encoder", "this job names no encoder; launch it anew", "encoder")
    config = ProjectConfig.model_validate(spec.config)
    files = _files(spec.encoder, str(spec.dataset_digest), config, home)
    with open_store(spec, home) as store:
        vectors = kept_vectors(files, store, home)
    iterations = Iterations(writer)
    try:
        made = project_tsne(vectors, perplexity=config.perplexity, seed=config.seed, tick=iterations.done)
    except JudgingStoppedError:
        return Result(attempt=writer.attempt, outcome="cancelled", reason="stopped before the map was ready")
    name = projection_name(config.method, files, perplexity=config.perplexity, seed=config.seed)
    ByteCache(home / "cache" / "projections", PROJECTION_BYTES).put(name, made.to_bytes())
    return Result(attempt=writer.attempt, outcome="succeeded", step=len(vectors))


def _files(encoder: EncoderSpec, dataset_digest: str, config: ProjectConfig, home: Path) -> tuple[str, ...]:
    meta = read_json(home / encoder.folder / META)
    if meta is None or config.depth is None:
        raise NotFoundError(
            "checkpoint_not_found",
            f"checkpoint {encoder.step} of {encoder.run} is no longer there; take another",
            "checkpoint",
        )
    model = ModelConfig.of(meta["config"])
    return every_row_files(encoder.weights_digest, dataset_digest, model, config.depth, config.pooling)


class Iterations:
    """Says how far the work is, and ends it by raising JudgingStoppedError when that is asked."""

    def __init__(self, writer: RunWriter) -> None:
        self._writer = writer
        self._began = time.monotonic()

    def done(self, done: int, total: int) -> None:
        request = self._writer.request()
        if request in ("stop", "pause"):
            raise JudgingStoppedError(request)
        left = (time.monotonic() - self._began) * (total - done) / done if done else None
        message = f"iteration {done} of {total}" if done else "finding neighbours"
        self._writer.heartbeat(step=done, total_steps=total, eta_s=left, message=message)
