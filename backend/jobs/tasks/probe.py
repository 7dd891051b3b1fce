"""Judging a frozen encoder: features once, heads on them, each beside its references."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any

import numpy as np
import torch

from backend.data.layout import Rows
from backend.data.resident import split_rows
from backend.data.seen import count_seen
from backend.data.store import GalaxyStore
from backend.errors import DataError, NotFoundError
from backend.files import read_json
from backend.jobs.run_dir import EncoderSpec, Result, Spec
from backend.jobs.run_writer import RunWriter
from backend.jobs.tasks.opening import open_store
from backend.ml.checkpoint import META, WEIGHTS, build_model
from backend.ml.explore.loading import load_checkpoint
from backend.ml.feature_cache import FeatureCache
from backend.ml.features import Encoder, FeatureSource, fresh_weights_digest
from backend.ml.pixel_probing import probe_majority, probe_pixels
from backend.ml.probe_cache import ProbeCache
from backend.ml.probing import Judged, LabelledRows, probe_encoder
from backend.ml.streams import stream
from backend.stats.judging import judge
from backend.stats.predictions import joined
from shared.configs import ProbeConfig
from shared.datasets import Split
from shared.evaluations import Basis, Evaluation, Head


class ProbeStoppedError(Exception):
    """The run was asked to stop."""


def run(spec: Spec, home: Path, writer: RunWriter) -> Result:
    """Store the predictions of every head and reference; their summaries go into the result, to be
    registered."""
    if spec.encoder is None:
        raise NotFoundError("no_encoder", "this probe names no encoder; launch it anew", "encoder")
    try:
        with open_store(spec, home) as store:
            probing = Probing(spec, spec.encoder, home, writer, store)
            evaluations = [probing.keep(judged) for judged in probing.judged()]
    except ProbeStoppedError:
        return Result(attempt=writer.attempt, outcome="cancelled", reason="stopped before it was judged")
    produced = {"evaluations": [one.model_dump(mode="json") for one in evaluations]}
    return Result(attempt=writer.attempt, outcome="succeeded", step=len(evaluations), produced=produced)


@dataclass
class TalkingIO:
    """A probe's voice in its run directory; where it was told to stop, it says so by raising."""

    writer: RunWriter
    message: str = "starting"

    def say(self, message: str) -> None:
        self.message = message
        self.images(0, 0)

    def images(self, done: int, total: int) -> None:
        if self.writer.should_stop():
            raise ProbeStoppedError
        counted = f" ({done} of {total} images)" if total else ""
        self.writer.heartbeat(message=f"{self.message}{counted}")

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self.writer.log(step, float(step), values)
        self.images(0, 0)


class Probing:
    """One probe at work."""

    def __init__(
        self, spec: Spec, encoder: EncoderSpec, home: Path, writer: RunWriter, store: GalaxyStore
    ) -> None:
        self.spec, self.encoder, self.home, self.writer, self.store = spec, encoder, home, writer, store
        self.config = ProbeConfig.model_validate(spec.config)
        self.io = TalkingIO(writer)
        self.labelled = LabelledRows.of(store)
        self.seen = seen_in_pretraining(encoder, home, store, self.labelled.rows[Split.TEST])
        self.pretrained_classes = _classes_of(encoder, home)
        self.cache = ProbeCache.at(home / "cache" / "probes", dataset=store.digest)

    def judged(self) -> Iterator[Judged]:
        """The heads on the encoder, then, where asked for, what they stand beside."""
        encoder = load_encoder(self.encoder, self.home)
        yield from self._on(encoder, Basis.ENCODER, "features")
        if self.config.references:
            yield probe_majority(self.labelled, self.config)
            fresh = untrained(self.encoder, self.home, encoder)
            yield from self._on(fresh, Basis.RANDOM_INIT, "features at random init")
            yield from probe_pixels(self.store, self.labelled, self.config, self.io.say, self.cache)

    def _on(self, encoder: Encoder, basis: Basis, message: str) -> Iterator[Judged]:
        self.io.say(message)
        cache = FeatureCache(self.home / "cache" / "features")
        final_norm = self.config.inner_norm == "final"
        source = FeatureSource(encoder, self.store, cache, final_norm, self.io.images)
        yield from probe_encoder(source, self.labelled, self.config, basis, self.io, self.cache)

    def keep(self, judged: Judged) -> Evaluation:
        """Write the predictions, and say what they come to."""
        name = "-".join((judged.basis, judged.head or "class", f"s{judged.seed}"))
        facts = self._facts(judged) | {"id": f"{self.spec.run_id}.{name}"}
        evaluation = judge(facts, self.labelled.class_names, judged.n_train, judged.test, judged.val)
        joined([judged.val, judged.test]).save(self.writer.run_dir.evaluations / f"{evaluation.id}.npz")
        if judged.basis is Basis.ENCODER and judged.seed == self.config.seed:
            figures = {
                f"test/{judged.head}_accuracy": evaluation.accuracy,
                f"test/{judged.head}_balanced_accuracy": evaluation.balanced_accuracy,
            }
            self.io.log(judged.depth or 0, figures)
        return evaluation

    def _facts(self, judged: Judged) -> dict[str, Any]:
        of_encoder = judged.basis in (Basis.ENCODER, Basis.RANDOM_INIT)
        trained = judged.basis is Basis.ENCODER
        return {
            "run": self.spec.run_id,
            "encoder": self.encoder.run if of_encoder else None,
            "step": self.encoder.step if trained else None,
            "dataset": self.config.dataset,
            "dataset_digest": self.store.digest,
            "basis": judged.basis,
            "head": judged.head,
            "depth": judged.depth,
            "layers": judged.layers,
            "pooling": judged.pooling,
            "label_fraction": self.config.label_fraction,
            "seed": judged.seed,
            "estimator": judged.estimator,
            "depth_curve": judged.curve if judged.head is Head.LINEAR else [],
            "seen_in_pretraining": self.seen if trained else 0,
            "notes": self._notes() if trained else [],
            "created_at": datetime.now(UTC),
        }

    def _notes(self) -> list[str]:
        notes = []
        if self.seen:
            n = len(self.labelled.rows[Split.TEST])
            notes.append(f"the encoder was pretrained on the pixels of {self.seen} of the {n} test galaxies")
        if self.pretrained_classes not in (None, self.labelled.class_names):
            notes.append("the encoder was pretrained on a dataset with other classes")
        return notes


def load_encoder(spec: EncoderSpec, home: Path) -> Encoder:
    """The frozen encoder of a spec, on the CPU. Raises DataError where the checkpoint has gone or changed."""
    folder = home / spec.folder
    try:
        with (folder / WEIGHTS).open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        checkpoint = load_checkpoint(folder.parent, spec.step)
    except FileNotFoundError:
        raise DataError(
            "checkpoint_gone",
            f"checkpoint {spec.step} of {spec.run} has been removed since this probe was queued; "
            "probe last, best or one that is kept",
            "checkpoint",
        ) from None
    if digest != spec.weights_digest:
        raise DataError(
            "checkpoint_changed",
            f"checkpoint {spec.step} of {spec.run} was written anew since; launch the probe again",
            "checkpoint",
        )
    return Encoder(checkpoint.model, checkpoint.config, checkpoint.mean, checkpoint.std, digest)


def untrained(spec: EncoderSpec, home: Path, trained: Encoder) -> Encoder:
    """The same encoder as its run began: the weights that its seed draws."""
    meta = read_json(home / spec.folder / META) or {}
    seed = int(meta["config"].get("seed", 0))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream(seed, "weights"))
        model = build_model(meta)
    model.eval().requires_grad_(False)
    return Encoder(model, trained.config, trained.mean, trained.std, fresh_weights_digest(model))


def seen_in_pretraining(spec: EncoderSpec, home: Path, store: GalaxyStore, test: Rows) -> int | None:
    """How many test rows the encoder was pretrained on; None where that cannot be known."""
    if spec.seen_digest is None:
        return None
    if spec.seen_digest == store.digest:
        return len(test) if spec.seen_rows == "all" else 0
    if spec.seen_file is None:
        return None
    with GalaxyStore.open(home / spec.seen_file) as other:
        seen = np.arange(other.n) if spec.seen_rows == "all" else split_rows(other, Split.TRAIN)
        return count_seen(store, test, other, seen)


def _classes_of(spec: EncoderSpec, home: Path) -> list[str] | None:
    """Classes of the dataset that the encoder was pretrained on, where it has some."""
    if spec.seen_file is None:
        return None
    with GalaxyStore.open(home / spec.seen_file) as other:
        return other.class_names or None
