"""A few training steps of a known model on synthetic images: does the device train, and how fast?"""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from backend.ml.pretraining.loop import descend
from backend.ml.pretraining.pretrain import Pretraining
from backend.ml.runtime.compute import synchronise
from backend.ml.runtime.contracts import PretrainData, ProbeData
from shared.configs import PretrainConfig, SelfTestConfig
from shared.configs.presets import PRESETS, SELF_TEST_PRESET

BATCH, IMAGES, WARM_UP = 64, 256, 3
FEWEST, LONG_ENOUGH_S = 5, 5.0
"""Steps that are timed also where they take longer than this."""


def time_steps(config: SelfTestConfig, tick: Callable[[int], None]) -> list[float]:
    """Seconds of each of config.steps steps, or fewer where they take long, after a warm-up of three; `tick`
    is called with each step and may raise. Raises InvalidInputError if a GPU is requested and there is
    none."""
    values = PRESETS[SELF_TEST_PRESET].values | {"batch_size": BATCH, "device": config.device}
    model_config = PretrainConfig(dataset="made-up", **values)
    with TemporaryDirectory() as folder:
        trainee = Pretraining(model_config, made_up(), Path(folder))
    seconds = []
    for index in range(WARM_UP + config.steps):
        start = perf_counter()
        step = index % trainee.schedule.total_steps
        descend(trainee.optimizer, trainee.loss(step), trainee.schedule.lr(step))
        synchronise(trainee.device)
        seconds.append(perf_counter() - start)
        tick(index)
        if index + 1 >= WARM_UP + FEWEST and sum(seconds[WARM_UP:]) > LONG_ENOUGH_S:
            break
    return seconds[WARM_UP:]


def made_up() -> PretrainData:
    """Noise at 64 px: the cost of a step does not depend on the pixels."""
    images = np.random.default_rng(0).integers(0, 255, (IMAGES, 64, 64, 3), dtype=np.uint8)
    none = np.zeros(0, np.int64)
    return PretrainData(
        images=images,
        val_images=images[:0],
        val_rows=none,
        channel_mean=[0.5] * 3,
        channel_std=[0.29] * 3,
        dataset_digest="",
        to_rgb=lambda pixels: pixels,
        probe=ProbeData(images[:0], none, images[:0], none, [], ""),
    )
