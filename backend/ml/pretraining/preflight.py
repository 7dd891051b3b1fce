"""An estimate of the time and memory of a training, from a few real steps and a small evaluation."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from backend.data.store import GalaxyStore, split_rows
from backend.ml.pretraining.evaluation import (
    EVALUATION_BATCH,
    extract_features,
    probe_figures,
    validation_loss,
)
from backend.ml.pretraining.loop import LeaveRequestedError, TrainingLoop, descend
from backend.ml.pretraining.pretrain import Pretraining
from backend.ml.pretraining.streams import seen_rows
from backend.ml.probing.probe import can_be_probed, rankme
from backend.ml.runtime.compute import resolve_device, synchronise
from backend.ml.runtime.contracts import Labels, Pixels, PretrainData, RunIO
from backend.ml.runtime.memory import PeakMemory
from shared.base.vocabulary import Split
from shared.configs import PretrainConfig

WARM_UP_STEPS = 2
MIN_STEPS, MIN_STEPS_S, MAX_STEPS_S = 8, 3.0, 20.0
STEPS_A_LAP = {"cpu": 1, "cuda": 8}
"""Steps between synchronisations: a training does not synchronise with a GPU after each."""
CPU_GROWTH = 1.1
"""Fragmentation: the heap of a long run ended 7 to 20 % above the peak of its first steps (EFIGI, 64 and 128
px)."""
PROBE_VALUES = 6_000_000
"""Feature values on which probes are tried at most; more are extrapolated."""
FEATURE_COPIES = 3
"""Copies of the train features in memory at once: extracted, standardised for k-NN and for the linear
probe."""
Returned = TypeVar("Returned")


@dataclass(frozen=True)
class FullSize:
    """The size of the whole run: training rows, rows of the validation loss, labels of the probe's rows (−1
    for none). `own_probe`: the latter are among the former, not read separately."""

    images: int
    val_images: int
    train_labels: Labels
    val_labels: Labels
    n_classes: int
    own_probe: bool

    @property
    def read(self) -> int:
        """Rows that the run reads."""
        apart = 0 if self.own_probe else len(self.train_labels) + len(self.val_labels)
        return self.images + self.val_images + apart

    def tried(self, data: PretrainData) -> int:
        """Rows that the trial reads."""
        apart = 0 if self.own_probe else len(data.probe.train_images) + len(data.probe.val_images)
        return len(data.images) + len(data.val_images) + apart


def full_size(store: GalaxyStore, config: PretrainConfig, eval_store: GalaxyStore | None) -> FullSize:
    """The size of the run of `config`; reads no pixel."""
    probed = eval_store or store
    return FullSize(
        images=len(seen_rows(store, config)),
        val_images=len(split_rows(store, Split.VAL)),
        train_labels=probed.labels[split_rows(probed, Split.TRAIN, labelled_only=True)],
        val_labels=probed.labels[split_rows(probed, Split.VAL)],
        n_classes=len(probed.class_names),
        own_probe=eval_store is None,
    )


def rows_to_try(config: PretrainConfig, device: torch.device) -> int:
    """Rows of each kind that a trial reads: a training batch, and some batches of an evaluation."""
    return max(config.batch_size, 2 * EVALUATION_BATCH[device.type], 256)


class Trial:
    """The real model, optimiser and data path of a run on a few rows (`data`), measured. Every method may
    raise LeaveRequestedError if a stop is requested."""

    def __init__(
        self,
        config: PretrainConfig,
        data: PretrainData,
        full: FullSize,
        io: RunIO,
        folder: Path,
        memory: PeakMemory,
    ) -> None:
        self.config, self.data, self.full, self.io, self.memory = config, data, full, io, memory
        self.device = resolve_device(config.device)
        memory.restart(self.device)
        self.trainee = Pretraining(config, data, folder)
        self.loop = TrainingLoop(self.trainee, config, io, folder, memory)

    def tick(self, message: str = "trying an evaluation", images_per_s: float | None = None) -> None:
        self.io.heartbeat(0, self.full.images, 0.0, images_per_s, None, message)
        if self.io.request() == "stop":
            raise LeaveRequestedError("stop")

    def time_steps(self) -> tuple[float, float]:
        """Seconds of one step after the warm-up, and the extra time of the warm-up."""
        warm = self._timed_steps(0, WARM_UP_STEPS)
        done, laps, lap = 0, list[float](), STEPS_A_LAP[self.device.type]
        while warm + sum(laps) < MAX_STEPS_S and (done < MIN_STEPS or sum(laps) < MIN_STEPS_S):
            laps.append(self._timed_steps(WARM_UP_STEPS + done, lap))
            done += lap
            self.tick("trying steps", done * self.config.batch_size / sum(laps))
        step_s = median(laps) / lap if laps else warm / WARM_UP_STEPS
        return step_s, max(warm - WARM_UP_STEPS * step_s, 0.0)

    def _timed_steps(self, first: int, count: int) -> float:
        """Seconds of real steps, but at learning rate 0, so that the model can still be evaluated."""
        trainee, start = self.trainee, perf_counter()
        for index in range(first, first + count):
            descend(trainee.optimizer, trainee.loss(index), 0.0)
            if trainee.online is not None:
                trainee.online.learn(trainee.schedule.rows(index), 0.0)
            if self.device.type == "cpu":
                self.tick("trying steps")
        synchronise(self.device)
        return perf_counter() - start

    def time_evaluation(self) -> float:
        """Seconds of one evaluation of the run: work per row is scaled up, the rest is done in full on
        synthetic features of the right size."""
        model, probe, full = self.trainee.model.eval(), self.data.probe, self.full
        self._features(self.data.images[: EVALUATION_BATCH[self.device.type]], 0)  # a first one is slow
        seconds, _ = timed(lambda: validation_loss(model, self.data, self.config, self.tick))
        seconds *= ratio(full.val_images, len(self.data.val_images))
        val_s, few = self._features(probe.val_images, len(full.val_labels))
        val_x = like(few, probe.val_labels, full.val_labels)
        seconds += val_s + timed(lambda: len(val_x) and rankme(val_x))[0]
        if can_be_probed(full.train_labels, full.val_labels):
            train_s, few = self._features(probe.train_images, len(full.train_labels))
            seconds += train_s + self._time_probes(few, val_x)
        model.train()
        return seconds + timed(self._draw_and_save)[0]

    def _features(self, images: Pixels, rows: int) -> tuple[float, Tensor]:
        """Seconds for the features of `rows` rows, and the features of `images`."""
        seconds, features = timed(
            lambda: extract_features(self.trainee.model, images, self.data, self.config, tick=self.tick)
        )
        return seconds * ratio(rows, len(images)), features

    def _time_probes(self, few: Tensor, val_x: Tensor) -> float:
        """Seconds of k-NN and linear probe on features of all rows, extrapolated from those tried."""
        full, labelled = self.full, self.full.val_labels >= 0
        tried = probe_rows_tried(len(full.train_labels), few.shape[1])
        train_y = full.train_labels[np.linspace(0, len(full.train_labels) - 1, tried).astype(np.int64)]
        train_x = like(few, self.data.probe.train_labels, train_y)
        val_x, val_y = val_x[torch.from_numpy(labelled)], full.val_labels[labelled]
        seconds, _ = timed(lambda: probe_figures(train_x, train_y, val_x, val_y, full.n_classes, self.config))
        self.tick()
        return seconds * ratio(len(full.train_labels), tried)

    def _draw_and_save(self) -> None:
        self.trainee.samples.write(self.trainee.model, 0)
        self.loop.save()

    def peak_bytes(self) -> int:
        """Peak above the idle process: the measured part, and the memory of unread data."""
        growth = CPU_GROWTH if self.device.type == "cpu" else 1.0
        return int(growth * self.memory.peak_bytes(self.device)) + self.unread_bytes()

    def unread_bytes(self) -> int:
        """Memory that the run needs and this trial did not: images, and features of untried rows."""
        config, data, full = self.config, self.data, self.full
        image_bytes: int = config.img_size**2 * data.images.shape[-1]
        images = full.images - len(data.images)
        if self.device.type == "cuda":  # the rest is not on the GPU
            return images * image_bytes
        images += full.val_images - len(data.val_images)
        if not (full.own_probe and len(full.train_labels) == full.images):
            images += len(full.train_labels) - len(data.probe.train_images)
        if not full.own_probe:
            images += len(full.val_labels) - len(data.probe.val_images)
        untried = len(full.train_labels) - probe_rows_tried(len(full.train_labels), config.embed_dim)
        return images * image_bytes + untried * 4 * FEATURE_COPIES * config.embed_dim


def probe_rows_tried(train_rows: int, width: int) -> int:
    """The number of train rows on which probes are really tried."""
    return min(train_rows, max(PROBE_VALUES // width, 100))


def like(features: Tensor, labels: Labels, targets: Labels) -> Tensor:
    """(M, D) synthetic features for the labels `targets` (M,), from `features` (N, D) labelled `labels`: one
    of the same class if possible, plus noise of a third of the spread."""
    rng = np.random.default_rng(0)
    chosen = np.zeros(len(targets), np.int64)
    for label in np.unique(targets):
        same = np.flatnonzero(labels == label)
        pool = same if len(same) else np.arange(len(labels))
        places = np.flatnonzero(targets == label)
        chosen[places] = rng.choice(pool, len(places))
    if len(targets) == 0:
        return features[:0]
    noise = torch.randn(len(targets), features.shape[1], generator=torch.Generator().manual_seed(0))
    return features[torch.from_numpy(chosen)].addcmul_(noise, features.std(dim=0) / 3)


def ratio(whole: int, tried: int) -> float:
    """whole / tried; 0 if nothing was tried."""
    return whole / tried if tried else 0.0


def timed(work: Callable[[], Returned]) -> tuple[float, Returned]:
    """The seconds of `work`, and its result."""
    start = perf_counter()
    returned = work()
    return perf_counter() - start, returned
