"""Bare step, whole run and published floor, side by side: `python tests/benchmarks/throughput.py`.

The work: D192 L6 p8 at 64 px, decoder 96×2, batch 128, 3,566 train and 446 validation galaxies of 8 classes
(the counts of EFIGI; noise in their place, for the time does not depend on the pixels), probes and samples as
in the preset laptop-base. Both figures come from one process. It prints; it never fails.
"""

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from backend.ml.pretraining.loop import descend
from backend.ml.pretraining.pretrain import Pretraining, pretrain
from backend.ml.runtime.compute import synchronise
from backend.ml.runtime.contracts import PretrainData, ProbeData
from shared.configs import PretrainConfig
from shared.configs.presets import PRESETS

FLOOR = 96.0


class SilentRun:
    """A run directory that keeps nothing."""

    def log(self, step: int, epoch: float, values: Mapping[str, float]) -> None:
        pass

    def heartbeat(self, *values: Any) -> None:
        pass

    def request(self) -> str | None:
        return None

    def note(self, event: str, **fields: Any) -> None:
        pass


def noise_data(train: int, val: int, classes: int) -> PretrainData:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (train + val, 64, 64, 3), dtype=np.uint8)
    labels = rng.integers(0, classes, train + val)
    return PretrainData(
        images=images[:train],
        val_images=images[train:],
        val_rows=np.arange(train, train + val),
        channel_mean=[0.5] * 3,
        channel_std=[0.29] * 3,
        dataset_digest="noise",
        to_rgb=lambda pixels: pixels,
        probe=ProbeData(
            train_images=images[:train],
            train_labels=labels[:train],
            val_images=images[train:],
            val_labels=labels[train:],
            class_names=[str(index) for index in range(classes)],
            dataset_digest="noise",
        ),
    )


def bare_step_images_per_s(config: PretrainConfig, data: PretrainData, steps: int = 12) -> float:
    """Images a second of forward, backward and optimiser alone, on one ready batch; the median step.

    What data, augmentation, schedule, logs and evaluations cost a run shows against this figure.
    """
    with tempfile.TemporaryDirectory() as folder:
        trainee = Pretraining(config, data, Path(folder))
    imgs, noise = trainee.normalise(trainee.schedule.batch(0)), trainee.noise(0)
    seconds = []
    for _ in range(steps + 3):
        start = perf_counter()
        descend(trainee.optimizer, trainee.loss_of(imgs, noise), config.lr)
        synchronise(trainee.device)
        seconds.append(perf_counter() - start)
    return config.batch_size / sorted(seconds[3:])[steps // 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, help="fewer than the preset's, to be quicker")
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    values = PRESETS["laptop-base"].values | {"device": options.device}
    if options.epochs:
        values |= {"epochs": options.epochs, "warmup_epochs": options.epochs / 10}
    config, data = PretrainConfig(dataset="noise", **values), noise_data(3566, 446, 8)
    before = bare_step_images_per_s(config, data)
    with tempfile.TemporaryDirectory() as folder:
        outcome = pretrain(config, data, SilentRun(), Path(folder))
    after = bare_step_images_per_s(config, data)
    bare, loop = (before + after) / 2, outcome.images_per_s or 0.0
    print(f"bare step    {bare:7.1f} images/s   ({before:.1f} before the run, {after:.1f} after)")
    print(f"whole run    {loop:7.1f} images/s   ({loop / bare:.2f} of the bare step; {outcome.step} steps)")
    print(f"floor        {FLOOR:7.1f} images/s   (stable-pretraining's full stack, measured elsewhere)")


if __name__ == "__main__":
    main()
