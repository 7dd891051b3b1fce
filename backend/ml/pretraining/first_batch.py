"""A preview of the first batch of a run, as the model will see it. Loads no model."""

from dataclasses import dataclass

import torch
from torch import Tensor

from backend.data.layout import Rows
from backend.data.store import GalaxyStore, load_images
from backend.ml.mae.patches import mask_ids
from backend.ml.pretraining.pictures import hide_removed, picture_file, sprite
from backend.ml.pretraining.streams import augment_step, check_batch, epoch_order, masking_noise, seen_rows
from backend.ml.runtime.contracts import Pixels
from shared.configs import PretrainConfig


@dataclass(frozen=True)
class FirstBatch:
    """The first images of step 0: dataset rows (n,), pixels (n, H, W, C) at the model's size before and after
    augmentation (on the scale 0 to 255), mask (n, L), 1 for hidden patches."""

    rows: Rows
    original: Pixels
    augmented: Tensor
    mask: Tensor


def first_batch(store: GalaxyStore, config: PretrainConfig, count: int = 8) -> FirstBatch:
    """At most `count` images of the first batch, exactly as in the run; only they are read. Raises
    InvalidInputError if the rows do not fill a batch."""
    seen = seen_rows(store, config)
    check_batch(config, len(seen))
    count = min(count, config.batch_size)
    rows: Rows = seen[epoch_order(config.seed, 0, len(seen))[:count].numpy()]
    original = load_images(store, rows, config.img_size, config.crop_size)
    _, _, mask = mask_ids(masking_noise(config, 0)[:count], config.mask_ratio)
    return FirstBatch(rows, original, augment_step(torch.from_numpy(original), config, 0), mask)


def first_batch_png(store: GalaxyStore, config: PretrainConfig, count: int = 8) -> bytes:
    """A PNG of that batch: rows original, augmented, masked; one column per galaxy, tiles of img_size
    pixels."""
    batch = first_batch(store, config, count)
    augmented = batch.augmented.round().clamp(0, 255).to(torch.uint8).numpy()
    rgb = store.rgb(augmented)
    masked = hide_removed(rgb, batch.mask, config.patch_size)
    return picture_file(sprite([store.rgb(batch.original), rgb, masked]), format="PNG")
