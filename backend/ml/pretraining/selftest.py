"""A few training steps of a known model on synthetic images: does the device train, and how fast?"""

from collections.abc import Callable
from time import perf_counter

import numpy as np

from backend.ml.pretraining.pretrain import fresh_model
from backend.ml.pretraining.training_step import TrainingStep, build_optimizer
from backend.ml.runtime.compute import prepare, resolve_device, resolve_precision, synchronise
from backend.ml.runtime.contracts import PretrainData, ProbeData
from shared.configs import PretrainConfig, SelfTestConfig
from shared.configs.presets import PRESETS, SELF_TEST_PRESET

BATCH, IMAGES, WARM_UP = 64, 256, 3


def time_steps(config: SelfTestConfig, tick: Callable[[int], None]) -> list[float]:
    """Seconds of each of config.steps steps after a warm-up of three; `tick` is called with each step and may
    raise. Raises InvalidInputError if a GPU is requested and there is none."""
    values = PRESETS[SELF_TEST_PRESET].values | {"batch_size": BATCH, "device": config.device}
    model_config = PretrainConfig(dataset="made-up", **values)
    device = resolve_device(config.device)
    model = fresh_model(model_config, 3)
    prepare(model, device, resolve_precision(model_config, device))
    step = TrainingStep(model_config, made_up(), model, build_optimizer(model, model_config), device)
    seconds = []
    for index in range(WARM_UP + config.steps):
        start = perf_counter()
        step(index % step.total_steps)
        synchronise(device)
        seconds.append(perf_counter() - start)
        tick(index)
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
