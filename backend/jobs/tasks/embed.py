"""The features of every galaxy of a dataset, for search and map."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from backend.data.feature_files import EVERY_ROW, POOLED, feature_file, index_file, quality_file
from backend.data.store import GalaxyStore
from backend.errors import DataError, NotFoundError
from backend.files import write_json
from backend.jobs.encoders import find_encoder, saved_steps
from backend.jobs.run_dir import EncoderSpec, Result, RunDir, Spec
from backend.jobs.run_writer import RunWriter
from backend.jobs.tasks.encoding import load_encoder, untrained
from backend.jobs.tasks.judging import JudgingStoppedError
from backend.jobs.tasks.kept_vectors import kept_vectors
from backend.jobs.tasks.opening import open_store
from backend.jobs.tasks.search_quality import measure_search
from backend.ml.probing.features import FeatureCache, FeatureSource
from backend.search import approximate
from shared.configs import EmbedConfig
from shared.configs.embeddings import Pooling


def run(spec: Spec, home: Path, writer: RunWriter) -> Result:
    """Leave the features in the cache, where services find them by what they depend on."""
    if not isinstance(spec.encoder, EncoderSpec):
        raise NotFoundError("no_encoder", "this job names no encoder; launch it anew", "encoder")
    config = EmbedConfig.model_validate(spec.config)
    encoders = every_checkpoint(spec.encoder, home) if config.every_checkpoint else [spec.encoder]
    ticker = Ticker(writer, len(encoders))
    try:
        with open_store(spec, home) as store:
            for encoder in encoders:
                embed(encoder, config, store, home, ticker)
    except JudgingStoppedError:
        return Result(attempt=writer.attempt, outcome="cancelled", reason="stopped before all were embedded")
    return Result(attempt=writer.attempt, outcome="succeeded", step=store.n, images_per_s=ticker.images_per_s)


def embed(spec: EncoderSpec, config: EmbedConfig, store: GalaxyStore, home: Path, ticker: "Ticker") -> None:
    """One checkpoint's features of every row, unless they are there."""
    encoder = load_encoder(spec, home)
    depth = config.depth or encoder.layers
    cache = FeatureCache(home / "cache" / "features")
    source = FeatureSource(encoder, store, cache, tick=ticker.images)
    source.pooled(np.arange(store.n), EVERY_ROW, [depth])
    require_kept(source, depth)
    ticker.next(store.n)
    if wants_index(config, store.n):
        ticker.say("index for approximate search")
        leave_index(source, depth, config.pooling, home)
    if config.quality:
        fresh = untrained(spec, home, encoder)
        measured = measure_search(source, replace(source, encoder=fresh), depth, config.pooling, ticker)
        write_json(cache.folder / source.folder / quality_file(depth, config.pooling), measured)


def every_checkpoint(first: EncoderSpec, home: Path) -> list[EncoderSpec]:
    """That one, then the other checkpoints of its run, the newest first."""
    steps = saved_steps(RunDir(home / "runs" / first.run))
    others = [find_encoder(home, first.run, str(step)).spec for step in reversed(steps) if step != first.step]
    return [first, *others]


def wants_index(config: EmbedConfig, n: int) -> bool:
    """Whether a job builds one; where it is asked for, services made sure that faiss is here."""
    if config.index == "auto":
        return n >= approximate.APPROXIMATE_ROWS and approximate.is_installed()
    return config.index == "always"


def leave_index(source: FeatureSource, depth: int, pooling: Pooling, home: Path) -> None:
    """An index of the vectors as they are searched, unless it is there."""
    path = source.cache.folder / source.folder / index_file(depth, pooling)
    if approximate.read(path) is not None:
        return
    pooled = POOLED if pooling == "both" else (pooling,)
    files = [f"{source.folder}/{feature_file(depth, name, EVERY_ROW)}" for name in pooled]
    approximate.write(approximate.build(kept_vectors(files, source.store, home)), path)


def require_kept(source: FeatureSource, depth: int) -> None:
    """Raise DataError where the features alone are over the cache's budget."""
    if not source.kept(EVERY_ROW, depth):
        raise DataError(
            "cache_full",
            f"the features of {source.store.n} galaxies do not fit into the feature cache; "
            "embed a subset of the dataset, or take a narrower encoder",
        )


class Ticker:
    """Says how far the work is, and ends it by raising JudgingStoppedError when that is asked."""

    def __init__(self, writer: RunWriter, times: int) -> None:
        self._writer, self._times = writer, times
        self._before = 0
        self._began = time.monotonic()
        self._what = ""
        self.images_per_s: float | None = None

    def next(self, n: int) -> None:
        """So many images are behind it, computed or kept."""
        self._before += n

    def say(self, what: str) -> None:
        """What is done from now on."""
        self._what, self._began = f"{what}: ", time.monotonic()
        self.images(0, 0)

    def images(self, done: int, total: int) -> None:
        """So many of the images of one of the `times` rounds."""
        done, total = self._before + done, self._times * total
        request = self._writer.request()
        if request in ("stop", "pause"):
            raise JudgingStoppedError(request)
        if not done:
            self._writer.heartbeat(message=self._what.removesuffix(": "))
            return
        self.images_per_s = rate = done / max(time.monotonic() - self._began, 1e-9)
        self._writer.heartbeat(
            step=done,
            total_steps=total,
            images_per_s=rate,
            eta_s=(total - done) / rate,
            message=f"{self._what}{done} of {total} images",
        )
