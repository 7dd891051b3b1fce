"""The figures of an evaluation: validation loss, probes on frozen features, and their rank."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from backend.ml.mae.models_mae import MaskedAutoencoderViT, pool
from backend.ml.pretraining.online_probe import OnlineProbe
from backend.ml.pretraining.streams import generator
from backend.ml.probing.probe import (
    accuracy,
    balanced_accuracy,
    can_be_probed,
    knn_votes,
    linear_probe,
    rankme,
    standardise_features,
)
from backend.ml.runtime.compute import autocast, resolve_precision, standardise, to_tensor
from backend.ml.runtime.contracts import Labels, Pixels, PretrainData, Standard
from shared.configs import PretrainConfig

EVALUATION_BATCH = {"cuda": 512, "cpu": 64}
RANDOM_INIT = "random_init"
"""Family of the figures of step 0 that are a reference, not a point of a curve."""
Tick = Callable[[], None]


def no_tick() -> None:
    """The default between batches: do nothing."""


class Normaliser:
    """Standardised images of a dataset on one device, batch by batch."""

    def __init__(self, data: Standard, device: torch.device) -> None:
        self.device = device
        self.mean = torch.tensor(data.channel_mean, dtype=torch.float32, device=device)
        self.std = torch.tensor(data.channel_std, dtype=torch.float32, device=device)

    def __call__(self, images: Tensor) -> Tensor:
        """uint8 (N, H, W, C) → float32 (N, C, H, W)."""
        return standardise(images, self.mean, self.std)

    def batches(self, images: Pixels) -> Iterator[Tensor]:
        """The images in order, EVALUATION_BATCH at a time."""
        size = EVALUATION_BATCH[self.device.type]
        for start in range(0, len(images), size):
            yield self(to_tensor(images[start : start + size], self.device))


def device_of(model: MaskedAutoencoderViT) -> torch.device:
    """Where the model's parameters are."""
    return model.cls_token.device


@torch.inference_mode()
def extract_features(
    model: MaskedAutoencoderViT,
    images: Pixels,
    data: PretrainData,
    config: PretrainConfig,
    tick: Tick = no_tick,
) -> Tensor:
    """Frozen features (N, D) of uint8 images (N, H, W, C), pooled as configured, float32 on the CPU."""
    device = device_of(model)
    # Separate small tensors per batch would fragment the heap between large activations.
    features, done = torch.empty(len(images), model.embed_dim, device=device), 0
    for imgs in Normaliser(data, device).batches(images):
        with autocast(device, resolve_precision(config, device)):
            tokens = model.forward_features(imgs)
        features[done : done + len(imgs)] = pool(tokens.float(), config.pooling)
        done += len(imgs)
        tick()
    return features.cpu()


def validation_noise(count: int, length: int) -> Tensor:
    """Noise (count, L) of the fixed masks of validation, the same for every run, row by row."""
    return torch.rand(count, length, generator=generator(0, "validation"))


def region_masks(grid: int) -> tuple[Tensor, Tensor]:
    """Two boolean (L,): patches centred in the central half of each side, and those at the edge of the frame
    (the sky)."""
    offset = ((torch.arange(grid) + 0.5) / grid - 0.5).abs()
    outer = torch.arange(grid) % max(grid - 1, 1) == 0
    centre = (offset[:, None] <= 0.25) & (offset[None, :] <= 0.25)
    edge = outer[:, None] | outer[None, :]
    return centre.flatten(), edge.flatten()


@torch.inference_mode()
def validation_loss(
    model: MaskedAutoencoderViT, data: PretrainData, config: PretrainConfig, tick: Tick = no_tick
) -> dict[str, float]:
    """val/loss under fixed masks, and its shares from the centre and the edge."""
    if len(data.val_images) == 0:
        return {}
    device = device_of(model)
    noise = validation_noise(len(data.val_images), model.num_patches)
    total, start = torch.zeros(model.num_patches, device=device), 0
    removed = torch.zeros((), device=device)
    for imgs in Normaliser(data, device).batches(data.val_images):
        batch_noise = noise[start : start + len(imgs)].to(device)
        with autocast(device, resolve_precision(config, device)):
            losses, _, mask, ids_remove = model.patch_losses(imgs, config.mask_ratio, batch_noise)
        total += torch.zeros_like(mask).scatter_(1, ids_remove, losses).sum(dim=0)  # (L,)
        removed += mask.sum()
        start += len(imgs)
        tick()
    by_patch = total.double().cpu()
    whole = by_patch.sum()
    centre, edge = region_masks(model.img_size // model.patch_size)
    return {
        "val/loss": float(whole / removed.double().cpu()),
        "val/centre_loss_share": float(by_patch[centre].sum() / whole),
        "val/sky_loss_share": float(by_patch[edge].sum() / whole),
    }


def probe_figures(
    train_x: Tensor,
    train_labels: Labels,
    val_x: Tensor,
    val_labels: Labels,
    n_classes: int,
    config: PretrainConfig,
    online: OnlineProbe | None = None,
) -> dict[str, float]:
    """k-NN and linear accuracies on validation, from features of labelled rows; the linear ones by `online`
    if given. Before that is trained, L-BFGS measures the random init, under the keys of RANDOM_INIT."""
    train_y = torch.from_numpy(train_labels.astype(np.int64))
    truth = val_labels.astype(np.int64)
    standard_train, standard_val = standardise_features(train_x, val_x)
    votes = knn_votes(standard_train, train_y, standard_val, config.knn_k, config.knn_temperature, n_classes)
    nearest = votes.argmax(dim=1).numpy()
    figures = {
        "val/knn_accuracy": accuracy(truth, nearest),
        "val/knn_balanced_accuracy": balanced_accuracy(truth, nearest),
    }
    if config.online_probe == "lbfgs" or (online is not None and online.untrained):
        family = "val" if config.online_probe == "lbfgs" else RANDOM_INIT
        linear = linear_probe(train_x, train_y, val_x, torch.from_numpy(truth), n_classes)
        figures[f"{family}/linear_accuracy"] = linear.accuracy
        figures[f"{family}/linear_balanced_accuracy"] = linear.balanced_accuracy
    elif online is not None:
        figures |= online.figures(val_x, truth)
    return figures


def evaluate(
    model: MaskedAutoencoderViT,
    data: PretrainData,
    config: PretrainConfig,
    *,
    with_loss: bool = True,
    tick: Tick = no_tick,
    online: OnlineProbe | None = None,
) -> dict[str, float]:
    """The figures of one evaluation by key, with accuracies if both sides have labels; each image's features
    are computed once. `tick` is called after every batch and may raise to cancel."""
    model.eval()
    try:
        figures = validation_loss(model, data, config, tick) if with_loss else {}
        probe, classes = data.probe, len(data.probe.class_names)
        train, val = probe.train_labels >= 0, probe.val_labels >= 0
        val_x = extract_features(model, probe.val_images, data, config, tick=tick)
        if len(val_x):
            figures["val/rankme"] = rankme(val_x)
        if not can_be_probed(probe.train_labels, probe.val_labels):
            return figures
        # Indexing by a mask copies; with every row labelled that would double the memory of the dataset.
        train_images = probe.train_images if train.all() else probe.train_images[train]
        train_x = extract_features(model, train_images, data, config, tick=tick)
        val_x = val_x[torch.from_numpy(val)]
        train_y, val_y = probe.train_labels[train], probe.val_labels[val]
        return figures | probe_figures(train_x, train_y, val_x, val_y, classes, config, online)
    finally:
        model.train()
