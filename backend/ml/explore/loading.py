"""A checkpoint in memory, ready to be looked at."""

import os
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from backend.data.layout import Pixels
from backend.errors import InvalidInputError
from backend.ml.checkpoints.store import META, WEIGHTS, CheckpointStore, build_model
from backend.ml.explore.reconstruct import Galaxy
from backend.ml.mae.models_mae import MaskedAutoencoderViT
from shared.configs import ModelConfig


@dataclass(frozen=True)
class Checkpoint:
    """A loaded model and how it sees a galaxy; mean and std (C,) standardise for it."""

    step: int
    model: MaskedAutoencoderViT
    config: ModelConfig
    mean: Tensor
    std: Tensor

    @property
    def bands(self) -> int:
        return self.model.in_chans

    @property
    def grid(self) -> int:
        """Patches along a side."""
        return self.config.img_size // self.config.patch_size

    @property
    def weight_bytes(self) -> int:
        return sum(value.numel() * value.element_size() for value in self.model.state_dict().values())

    @property
    def has_decoder(self) -> bool:
        """Whether it can reconstruct, and not only give features."""
        return self.model.has_decoder

    def view(self, image: Pixels) -> Galaxy:
        """An image (H, W, C) uint8 of the model's size, to be reconstructed. Raises InvalidInputError for an
        encoder without a decoder."""
        if not self.has_decoder:
            raise InvalidInputError(
                "no_decoder",
                f"checkpoint {self.step} is an encoder without a decoder, which can be probed and searched "
                "but reconstructs nothing; choose a model with a decoder",
                "checkpoint",
            )
        return Galaxy(self.model, image, self.mean, self.std)


def load_checkpoint(folder: Path, step: int) -> Checkpoint:
    """The checkpoint of `step` below `folder`, on the CPU, to be read only.

    FileNotFoundError where it has gone; InvalidInputError for weights that do not fit their meta.json.
    """
    store = CheckpointStore(folder, keep=0)
    meta = store.meta(step)
    model = build_model(meta)
    try:
        if not _decoder_stored(store.folder(step) / WEIGHTS):
            model.drop_decoder()
        store.load(step, model)
    except (RuntimeError, SafetensorError) as error:
        reason = str(error).splitlines()[0]
        raise InvalidInputError(
            "damaged_checkpoint", f"checkpoint {step} does not load: {reason}; choose another", "checkpoint"
        ) from error
    model.eval().requires_grad_(False)
    mean, std = (torch.tensor(meta[key], dtype=torch.float32) for key in ("mean", "std"))
    return Checkpoint(step, model, ModelConfig.of(meta["config"]), mean, std)


def saved_steps(folder: Path) -> tuple[list[int], int | None]:
    """Steps below `folder` whose checkpoints are whole, rising, and the best of them."""
    store = CheckpointStore(folder, keep=0)
    return store.steps(), store.best_step()


def stamp(folder: Path, step: int) -> str:
    """Tells the weights of a step from others written later under the same step; FileNotFoundError where they
    have gone."""
    path = CheckpointStore(folder, keep=0).folder(step)
    weights, meta = (path / WEIGHTS).stat(), (path / META).stat()
    return f"{weights.st_mtime_ns:x}-{weights.st_size:x}-{meta.st_mtime_ns:x}"


def use_threads(count: int) -> None:
    """Let the calling thread compute with so many; torch keeps that number a thread."""
    torch.set_num_threads(count)


def usable_cores() -> int:
    return len(os.sched_getaffinity(0))


def _decoder_stored(weights: Path) -> bool:
    with safe_open(weights, framework="pt") as file:
        return any(name.startswith("decoder_") for name in file.keys())  # noqa: SIM118 it is no dict
