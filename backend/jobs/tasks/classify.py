"""Training a classifier, fine-tuned or from random weights, and evaluating its best epoch on test rows."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from backend.data.layout import Pixels, Rows
from backend.data.splits import label_subset
from backend.data.store import GalaxyStore, load_images
from backend.jobs.run_dir import Result, Spec
from backend.jobs.run_writer import RunWriter, StopRequestedError
from backend.jobs.tasks.evaluation_writer import EvaluationProgress, EvaluationWriter
from backend.jobs.tasks.inputs import open_store
from backend.jobs.tasks.origin import Origin, find_origin
from backend.ml.classifier.predictions import best_classifier
from backend.ml.classifier.training import AnyClassifierConfig, fresh_encoder, train_classifier
from backend.ml.probing.features import Encoder, FeatureCache, FeatureSource, fresh_weights_digest
from backend.ml.probing.judging import EncoderProbing, HeadResult, LabelledRows
from backend.ml.probing.pixel_probing import probe_majority, probe_pixels
from backend.ml.probing.probe_cache import ProbeCache
from backend.ml.runtime.contracts import ClassifierData, Outcome
from backend.ml.runtime.memory import PeakMemory
from shared.base.vocabulary import Basis, Head, Split
from shared.configs import FinetuneConfig, ProbeConfig, SupervisedConfig
from shared.configs.kinds import JOB_KINDS


def run(spec: Spec, home: Path, writer: RunWriter) -> Result:
    """Train to the end, then evaluate the best epoch on test rows beside its references."""
    memory = PeakMemory()
    writer.heartbeat(message="reading images")
    with open_store(spec, home) as store:
        job = ClassifierJob(spec, home, writer, store)
        outcome = job.train(memory)
        result = writer.result(**asdict(outcome))
        return result if outcome.outcome != "succeeded" else job.conclude(result)


@dataclass(frozen=True)
class ClassifierJob:
    """One classifier's run: its first weights, its training data, its evaluations."""

    spec: Spec
    home: Path
    writer: RunWriter
    store: GalaxyStore

    @cached_property
    def config(self) -> AnyClassifierConfig:
        config = JOB_KINDS[self.spec.kind].config.model_validate(self.spec.config)
        if not isinstance(config, FinetuneConfig | SupervisedConfig):
            raise TypeError(f"a run of kind {self.spec.kind} does not train a classifier")
        return config

    @cached_property
    def origin(self) -> Origin:
        checkpoints = self.writer.run_dir.checkpoints
        return find_origin(self.spec, self.config, self.home, checkpoints, self.store)

    @cached_property
    def labelled(self) -> LabelledRows:
        return LabelledRows.of(self.store)

    @cached_property
    def subset(self) -> Rows:
        """Indices, among the labelled train rows, of those used for training."""
        labels = self.labelled.labels[Split.TRAIN]
        return label_subset(labels, self.config.label_fraction, self.config.seed)

    @cached_property
    def data(self) -> ClassifierData:
        """Labelled train and validation rows, without test rows."""
        labelled, train = self.labelled, self.labelled.rows[Split.TRAIN][self.subset]
        return ClassifierData(
            images=self._load(train),
            labels=labelled.labels[Split.TRAIN][self.subset],
            val_images=self._load(labelled.rows[Split.VAL]),
            val_labels=labelled.labels[Split.VAL],
            class_names=labelled.class_names,
            channel_mean=self.origin.mean,
            channel_std=self.origin.std,
            dataset_digest=self.store.digest,
        )

    def _load(self, rows: Rows) -> Pixels:
        sees = self.origin.architecture
        return load_images(self.store, rows, sees.img_size, sees.crop_size)

    def train(self, memory: PeakMemory) -> Outcome:
        """Train, or resume."""
        origin, channels, folder = self.origin, self.store.channels, self.writer.run_dir.path
        return train_classifier(
            self.config,
            self.data,
            lambda: origin.beginning(self.config, channels),
            self.writer,
            folder,
            memory,
            origin.facts(),
        )

    def conclude(self, trained: Result) -> Result:
        """The result with its evaluations; paused or cancelled if that was requested before they ended."""
        progress = EvaluationProgress(
            self.writer, progress={"step": trained.step, "total_steps": trained.step}
        )
        try:
            evaluations = [self.evaluations.write(judged) for judged in self._judged(progress)]
        except StopRequestedError as stop:
            reason = f"{stop.outcome} before its evaluation on test rows"
            return trained.model_copy(update={"outcome": stop.outcome, "reason": reason})
        first = evaluations[0]
        self.writer.log(
            trained.step,
            float(self.config.epochs),
            {"test/accuracy": first.accuracy, "test/balanced_accuracy": first.balanced_accuracy},
        )
        produced = {"evaluations": [one.model_dump(mode="json") for one in evaluations]}
        return trained.model_copy(update={"produced": produced})

    def _judged(self, progress: EvaluationProgress) -> Iterator[HeadResult]:
        progress.say("evaluating on test rows")
        yield self._classified(progress)
        probe = self._reference_config()
        yield probe_majority(self.labelled, probe)
        cache = ProbeCache.at(self.home / "cache" / "probes", dataset=self.store.digest)
        yield from probe_pixels(self.store, self.labelled, probe, progress.say, cache)
        progress.say("features at random init")
        features = FeatureCache(self.home / "cache" / "features")
        source = FeatureSource(self._random_init(), self.store, features, tick=progress.images)
        yield from EncoderProbing(source, self.labelled, probe, Basis.RANDOM_INIT, progress, cache).results()

    def _classified(self, progress: EvaluationProgress) -> HeadResult:
        """Predictions of the best epoch on validation and test rows; test rows are first read here."""
        config, labelled = self.config, self.labelled
        best = best_classifier(self.writer.run_dir.path, config, self.data)
        val = best.probabilities(self.data.val_images, lambda: progress.images(0, 0))
        test = best.probabilities(self._load(labelled.rows[Split.TEST]), lambda: progress.images(0, 0))
        tuned = isinstance(config, FinetuneConfig)
        return HeadResult(
            Basis.ENCODER if tuned else Basis.RANDOM_INIT,
            Head.FINETUNE if tuned else Head.SUPERVISED,
            config.seed,
            estimator_words(config, best.step // (len(self.data.images) // config.batch_size)),
            np.bincount(self.data.labels, minlength=labelled.n_classes),
            labelled.predicted(Split.VAL, val),
            labelled.predicted(Split.TEST, test),
            self.origin.architecture.depth,
            self.origin.architecture.depth,
            config.pooling,
        )

    def _reference_config(self) -> ProbeConfig:
        """Frozen heads to compare with; with all labels they are the same for every seed."""
        config = self.config
        seed = config.seed if config.label_fraction < 1 else 0
        heads = (Head.KNN.value, Head.LINEAR.value)
        values = {"heads": heads, "pooling": config.pooling, "label_fraction": config.label_fraction}
        return ProbeConfig.model_validate(values | {"encoder": self.spec.run_id, "seed": seed})

    def _random_init(self) -> Encoder:
        """The encoder as it was before any training."""
        origin = self.origin
        model = fresh_encoder(origin.architecture, self.store.channels, origin.seed)
        model.eval().requires_grad_(False)
        mean, std = (torch.tensor(values, dtype=torch.float32) for values in (origin.mean, origin.std))
        return Encoder(model, origin.architecture, mean, std, fresh_weights_digest(model))

    @cached_property
    def evaluations(self) -> EvaluationWriter:
        return EvaluationWriter(self.writer, self.home, self.store, self.origin.source, self.config)


def estimator_words(config: AnyClassifierConfig, epoch: int) -> str:
    """What was trained and how, in words."""
    head = f"MLP head of {config.mlp_width} units" if config.head == "mlp" else "linear head"
    words = [
        "encoder and head fine-tuned"
        if isinstance(config, FinetuneConfig)
        else "trained from random weights",
        f"{head} on {config.pooling} tokens",
        f"AdamW, layer decay {config.layer_decay:g}" if config.layer_decay < 1 else "AdamW",
        f"epoch {epoch} of {config.epochs} by balanced accuracy of validation",
        f"weights averaged with decay {config.ema_decay:g}" if config.ema_decay else "",
        f"seed {config.seed}",
    ]
    return ", ".join(word for word in words if word)
