"""The features of every galaxy of a dataset, for search and map."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from backend.data.feature_files import EVERY_ROW, POOLED, feature_file, index_file, quality_file
from backend.data.store import GalaxyStore
from backend.errors import DataError
from backend.files import write_json
from backend.jobs.encoders import find_encoder, saved_steps, settled
from backend.jobs.run_dir import EncoderSpec, Result, RunDir, Spec
from backend.jobs.run_writer import RunWriter
from backend.jobs.tasks.encoding import load_encoder, untrained
from backend.jobs.tasks.inputs import cached_vectors, open_store
from backend.jobs.tasks.search_quality import measure_search
from backend.ml.probing.features import FeatureCache, FeatureSource
from backend.search import approximate
from shared.configs import EmbedConfig
from shared.configs.embeddings import Pooling


def run(spec: Spec, home: Path, writer: RunWriter) -> Result:
    """Leave the features in the cache, keyed by everything they depend on."""
    config = EmbedConfig.model_validate(spec.config)
    first = settled(home, spec.encoder, config.checkpoint)
    encoders = every_checkpoint(first, home) if config.every_checkpoint else [first]
    progress = EmbedProgress(writer, len(encoders))
    with open_store(spec, home) as store:
        for encoder in encoders:
            embed(encoder, config, store, home, progress)
    return writer.result(step=store.n, images_per_s=progress.images_per_s)


def embed(
    spec: EncoderSpec, config: EmbedConfig, store: GalaxyStore, home: Path, progress: "EmbedProgress"
) -> None:
    """Compute one checkpoint's features of every row, unless they are cached."""
    encoder = load_encoder(spec, home)
    depth = config.depth or encoder.layers
    cache = FeatureCache(home / "cache" / "features")
    source = FeatureSource(encoder, store, cache, tick=progress.images)
    source.pooled(np.arange(store.n), EVERY_ROW, [depth])
    require_cached(source, depth)
    progress.next(store.n)
    if wants_index(config, store.n):
        progress.say("index for approximate search")
        write_index(source, depth, config.pooling, home)
    if config.quality:
        fresh = untrained(spec, home, encoder)
        measured = measure_search(source, replace(source, encoder=fresh), depth, config.pooling, progress)
        write_json(cache.folder / source.folder / quality_file(depth, config.pooling), measured)


def every_checkpoint(first: EncoderSpec, home: Path) -> list[EncoderSpec]:
    """`first`, then the other checkpoints of its run, newest first."""
    steps = saved_steps(RunDir(home / "runs" / first.run))
    others = [find_encoder(home, first.run, str(step)).spec for step in reversed(steps) if step != first.step]
    return [first, *others]


def wants_index(config: EmbedConfig, n: int) -> bool:
    """Whether the job builds an index; services check that faiss is installed if the config requires one."""
    if config.index == "auto":
        return n >= approximate.APPROXIMATE_ROWS and approximate.is_installed()
    return config.index == "always"


def write_index(source: FeatureSource, depth: int, pooling: Pooling, home: Path) -> None:
    """Write an index of the vectors used in searches, unless it exists."""
    path = source.cache.folder / source.folder / index_file(depth, pooling)
    if approximate.read(path) is not None:
        return
    pooled = POOLED if pooling == "both" else (pooling,)
    files = [f"{source.folder}/{feature_file(depth, name, EVERY_ROW)}" for name in pooled]
    approximate.write(approximate.build(cached_vectors(files, source.store, home)), path)


def require_cached(source: FeatureSource, depth: int) -> None:
    """Raise DataError if the features alone exceed the cache's budget."""
    if not source.kept(EVERY_ROW, depth):
        raise DataError(
            "cache_full",
            f"the features of {source.store.n} galaxies do not fit into the feature cache; "
            "embed a subset of the dataset, or use a narrower encoder",
        )


class EmbedProgress:
    """Progress over `rounds` passes over the images. Each call raises StopRequestedError once the run is told
    to stop or pause."""

    def __init__(self, writer: RunWriter, rounds: int) -> None:
        self._writer, self._rounds = writer, rounds
        self._finished = 0
        self._began = time.monotonic()
        self._prefix = ""
        self.images_per_s: float | None = None

    def next(self, n: int) -> None:
        """A pass over `n` images is finished, whether computed or cached."""
        self._finished += n

    def say(self, message: str) -> None:
        """Start another kind of work."""
        self._prefix, self._began = f"{message}: ", time.monotonic()
        self.images(0, 0)

    def images(self, done: int, total: int) -> None:
        """`done` of the `total` images of one pass."""
        done, total = self._finished + done, self._rounds * total
        if not done:
            self._writer.report(self._prefix.removesuffix(": "))
            return
        self.images_per_s = rate = done / max(time.monotonic() - self._began, 1e-9)
        self._writer.report(
            f"{self._prefix}{done} of {total} images",
            step=done,
            total_steps=total,
            images_per_s=rate,
            eta_s=(total - done) / rate,
        )
