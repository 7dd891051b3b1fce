"""The rows that a run sees, and what chance decides of it: streams that any step can be replayed from, on any
device.

Everything is drawn on the CPU and then moved, so that a run sees the same order, turns and masks on a GPU,
and the launch form can show them without one. Nothing here loads the model.
"""

import numpy as np
import torch
from torch import Tensor

from backend.data.augment import augment
from backend.data.layout import Rows
from backend.data.store import GalaxyStore, split_rows
from backend.errors import InvalidInputError
from shared.base.vocabulary import Split
from shared.configs import PretrainConfig, TrainingConfig

STREAMS = {
    name: place
    for place, name in enumerate(
        ("weights", "order", "augmentation", "masks", "validation", "samples", "head", "regularisation")
    )
}


def stream(seed: int, name: str, index: int = 0) -> int:
    """A seed that depends on nothing but (seed, name, index): no state to save, any step can be replayed."""
    state = np.random.SeedSequence((seed, STREAMS[name], index)).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))


def generator(seed: int, name: str, index: int = 0) -> torch.Generator:
    """A torch generator of that stream, on the CPU."""
    return torch.Generator().manual_seed(stream(seed, name, index))


def seen_rows(store: GalaxyStore, config: PretrainConfig) -> Rows:
    """Rows whose pixels are trained on, ascending: train rows, or all if configured."""
    return np.arange(store.n) if config.pretrain_rows == "all" else split_rows(store, Split.TRAIN)


def check_batch(config: PretrainConfig, rows: int) -> None:
    """Raise InvalidInputError if so many rows do not fill a batch."""
    if rows < config.batch_size:
        why = f"batch_size {config.batch_size} is more than the {rows} images to train on"
        raise InvalidInputError("batch_too_large", f"{why}; set it to {max(rows // 4, 2)}", "batch_size")


def epoch_order(seed: int, epoch: int, n: int) -> Tensor:
    """The order (n,) int64 in which an epoch visits its images."""
    return torch.randperm(n, generator=generator(seed, "order", epoch))


def augment_step(images: Tensor, config: TrainingConfig, step: int) -> Tensor:
    """The images (n, H, W, C) uint8 that open the batch of `step`, augmented as that step sees them; float32
    on the scale 0 to 255 where a crop or jitter interpolates."""
    return augment(
        images,
        generator(config.seed, "augmentation", step),
        flip=config.flip,
        rotate90=config.rotate90,
        crop_scale_min=config.crop_scale_min,
        colour_jitter=config.colour_jitter,
        batch_size=config.batch_size,
    )


def masking_noise(config: PretrainConfig, step: int) -> Tensor:
    """Noise (batch_size, L) on the CPU that decides the masks of `step`."""
    shape = (config.batch_size, config.num_patches)
    return torch.rand(shape, generator=generator(config.seed, "masks", step))
