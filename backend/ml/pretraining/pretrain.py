"""Pretraining of a masked autoencoder, from the rows of its datasets to the last checkpoint."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn, optim

from backend.data.layout import Pixels, Rows, evenly_spaced
from backend.data.store import GalaxyStore, load_images, split_rows
from backend.errors import DataError
from backend.ml.checkpoints.store import model_from_config
from backend.ml.mae.models_mae import MaskedAutoencoderViT
from backend.ml.pretraining.evaluation import Normaliser, evaluate, validation_loss
from backend.ml.pretraining.loop import ImageSchedule, Trainee, train_guarded
from backend.ml.pretraining.online_probe import OnlineProbe
from backend.ml.pretraining.samples import FixedSamples
from backend.ml.pretraining.streams import masking_noise, seen_rows, stream
from backend.ml.runtime.compute import autocast, move, prepare, resolve_device, resolve_precision
from backend.ml.runtime.contracts import Labels, Outcome, PretrainData, ProbeData, RunIO
from backend.ml.runtime.memory import PeakMemory
from shared.base.vocabulary import Split
from shared.configs import PretrainConfig
from shared.configs.kinds import RunKind
from shared.contract.runs import judged_key

TOKENS = ("cls_token", "mask_token")
BETAS = (0.9, 0.95)
"""Of AdamW."""


def read_pretrain_data(
    store: GalaxyStore,
    config: PretrainConfig,
    eval_store: GalaxyStore | None = None,
    at_most: int | None = None,
) -> PretrainData:
    """The data of a pretraining: rows to train on, train and validation rows to probe on, of `eval_store` if
    given. No test row is read unless pretrain_rows is all. With `at_most`, so many of each, evenly spaced,
    for a trial. Raises DataError if the two datasets have different numbers of bands."""
    if eval_store is not None:
        check_same_bands(store, eval_store)
    seen = evenly_spaced(seen_rows(store, config), at_most)
    val = evenly_spaced(split_rows(store, Split.VAL), at_most)
    images, val_images = _load(store, seen, config), _load(store, val, config)
    return PretrainData(
        images=images,
        val_images=val_images,
        val_rows=val,
        channel_mean=store.channel_mean.tolist(),
        channel_std=store.channel_std.tolist(),
        dataset_digest=store.digest,
        to_rgb=store.rgb,
        probe=_own_probe(store, seen, images, val, val_images)
        if eval_store is None
        else _read_probe_data(eval_store, config, at_most),
        labels=_train_labels(store, seen) if eval_store is None else None,
    )


def check_same_bands(store: GalaxyStore, eval_store: GalaxyStore) -> None:
    """Raise DataError if an encoder of `store` cannot read `eval_store`."""
    if store.channels != eval_store.channels:
        theirs = f"{eval_store.channels} bands ({', '.join(eval_store.bands)})"
        why = f"the eval_dataset has {theirs} and the dataset {store.channels} ({', '.join(store.bands)})"
        raise DataError("bands_differ", f"{why}; choose one with the same bands", "eval_dataset")


def _read_probe_data(store: GalaxyStore, config: PretrainConfig, at_most: int | None) -> ProbeData:
    train = evenly_spaced(split_rows(store, Split.TRAIN, labelled_only=True), at_most)
    val = evenly_spaced(split_rows(store, Split.VAL), at_most)
    return _probe(store, train, _load(store, train, config), val, _load(store, val, config))


def _own_probe(store: GalaxyStore, seen: Rows, images: Pixels, val: Rows, val_images: Pixels) -> ProbeData:
    """The probe's rows from the images in memory; the same arrays if all rows are probed."""
    probed = np.isin(seen, split_rows(store, Split.TRAIN, labelled_only=True))
    return _probe(store, seen[probed], images if probed.all() else images[probed], val, val_images)


def _train_labels(store: GalaxyStore, seen: Rows) -> Labels:
    """Labels (N,) of the rows `seen`; −1 outside the train split, whose labels must not be used."""
    train = np.isin(seen, split_rows(store, Split.TRAIN, labelled_only=True))
    return np.where(train, store.labels[seen], -1)


def _probe(store: GalaxyStore, train: Rows, train_images: Pixels, val: Rows, val_images: Pixels) -> ProbeData:
    """Labelled train rows and all validation rows."""
    return ProbeData(
        train_images=train_images,
        train_labels=store.labels[train],
        val_images=val_images,
        val_labels=store.labels[val],
        class_names=store.class_names,
        dataset_digest=store.digest,
    )


def _load(store: GalaxyStore, rows: Rows, config: PretrainConfig) -> Pixels:
    return load_images(store, rows, config.img_size, config.crop_size)


def fresh_model(config: PretrainConfig, channels: int) -> MaskedAutoencoderViT:
    """A model whose weights depend on config.seed alone; the global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream(config.seed, "weights"))
        return model_from_config(config, channels)


def parameter_groups(named: Iterable[tuple[str, nn.Parameter]], weight_decay: float) -> list[dict[str, Any]]:
    """Matrices with `weight_decay`; vectors (biases, norms) and tokens without."""
    decayed: list[nn.Parameter] = []
    free: list[nn.Parameter] = []
    for name, parameter in named:
        (free if parameter.ndim < 2 or name in TOKENS else decayed).append(parameter)
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]


def build_optimizer(model: nn.Module, config: PretrainConfig) -> optim.AdamW:
    """Fused AdamW; its learning rate is set at every step."""
    groups = parameter_groups(model.named_parameters(), config.weight_decay)
    return optim.AdamW(groups, lr=config.lr, betas=BETAS, fused=True)


class Pretraining(Trainee):
    """A masked autoencoder that fills in hidden patches. Masks come from a stream of (seed, step)."""

    score_name: ClassVar = "probe"
    model: MaskedAutoencoderViT

    def __init__(self, config: PretrainConfig, data: PretrainData, folder: Path) -> None:
        self.config, self.data, self.device = config, data, resolve_device(config.device)
        self.dtype = resolve_precision(config, self.device)
        self.model = fresh_model(config, data.images.shape[-1])
        prepare(self.model, self.device, self.dtype)
        self.optimizer = build_optimizer(self.model, config)
        self.schedule = ImageSchedule(config, data.images, self.device)
        self.normalise = Normaliser(data, self.device)
        self.online = OnlineProbe.beside(self.model, data, config)
        self.samples = FixedSamples(config, data, folder / "samples")
        self.score_keys = (judged_key(RunKind.PRETRAIN, config.online_probe),)

    def loss(self, step: int) -> Tensor:
        return self.loss_of(self.normalise(self.schedule.batch(step)), self.noise(step))

    def loss_of(self, imgs: Tensor, noise: Tensor) -> Tensor:
        """Of standardised imgs (N, C, H, W) under masking noise (N, L)."""
        with autocast(self.device, self.dtype):
            loss: Tensor = self.model(imgs, self.config.mask_ratio, noise)[0]
        return loss

    def noise(self, step: int) -> Tensor:
        """Masking noise (N, L) of `step`."""
        return move(masking_noise(self.config, step), self.device)

    def after_step(self, step: int) -> None:
        """The online probe learns from the latents of the step."""
        if self.online is not None:
            self.online.learn(self.schedule.rows(step), self.schedule.lr(step) / self.config.lr)

    def evaluate(self, tick: Callable[[], None]) -> Iterator[dict[str, float]]:
        """Validation loss first, so that a chart has a point before the probes are done."""
        self.model.eval()
        figures = validation_loss(self.model, self.data, self.config, tick)
        self.model.train()
        yield figures
        yield evaluate(self.model, self.data, self.config, with_loss=False, tick=tick, online=self.online)

    def draw(self, step: int) -> None:
        """The fixed galaxies, reconstructed."""
        self.samples.write(self.model, step)

    def state(self) -> dict[str, Any]:
        return {} if self.online is None else {"online_probe": self.online.state_dict()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        if self.online is not None:
            self.online.load_state_dict(state["online_probe"])

    def metadata(self) -> dict[str, Any]:
        """What rebuilds the model and standardises its images."""
        return {
            "config": self.config.model_dump(mode="json"),
            "channels": int(self.data.images.shape[-1]),
            "mean": self.data.channel_mean,
            "std": self.data.channel_std,
            "class_names": self.data.probe.class_names,
            "dataset_digest": self.data.dataset_digest,
            "eval_dataset_digest": self.data.probe.dataset_digest,
        }


def pretrain(
    config: PretrainConfig, data: PretrainData, io: RunIO, folder: Path, memory: PeakMemory | None = None
) -> Outcome:
    """Train `config` on `data`, from scratch or from folder/checkpoints, and say how it ended.

    Writes folder/checkpoints and folder/samples; everything else goes through `io`. `memory` knows what the
    process held before `data`; without it the peak that is logged is over what it holds now.
    """
    build = partial(Pretraining, config, data, folder)
    return train_guarded(config, len(data.images), build, io, folder, memory or PeakMemory())
