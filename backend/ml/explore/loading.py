"""A checkpoint in memory, ready for inspection."""

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
    """A loaded model; mean and std (C,) standardise its images."""

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
        """An image (H, W, C) uint8 of the model's size, to reconstruct. Raises InvalidInputError for an
        encoder without a decoder."""
        if not self.has_decoder:
            why = f"checkpoint {self.step} has no decoder and can only be probed and searched"
            raise InvalidInputError("no_decoder", f"{why}; choose a model with a decoder", "checkpoint")
        return Galaxy(self.model, image, self.mean, self.std)


def load_checkpoint(folder: Path, step: int) -> Checkpoint:
    """The checkpoint of `step` below `folder`, on the CPU, read only. Raises FileNotFoundError, and
    InvalidInputError for weights that do not fit their meta.json."""
    store = CheckpointStore(folder, keep=0)
    meta = store.meta(step)
    model = build_model(meta)
    try:
        if not _decoder_stored(store.folder(step) / WEIGHTS):
            model.drop_decoder()
        store.load(step, model)
    except (RuntimeError, SafetensorError) as error:
        why = f"checkpoint {step} does not load: {str(error).splitlines()[0]}; choose another"
        raise InvalidInputError("damaged_checkpoint", why, "checkpoint") from error
    model.eval().requires_grad_(False)
    mean, std = (torch.tensor(meta[key], dtype=torch.float32) for key in ("mean", "std"))
    return Checkpoint(step, model, ModelConfig.of(meta["config"]), mean, std)


def saved_steps(folder: Path) -> tuple[list[int], int | None]:
    """Steps below `folder` whose checkpoints are whole, rising, and the best of them; step 0 only in runs
    of earlier versions."""
    store = CheckpointStore(folder, keep=0)
    return store.steps(), store.best_step()


def stamp(folder: Path, step: int) -> str:
    """Identifies the weights of a step, which may be rewritten. Raises FileNotFoundError."""
    path = CheckpointStore(folder, keep=0).folder(step)
    weights, meta = (path / WEIGHTS).stat(), (path / META).stat()
    return f"{weights.st_mtime_ns:x}-{weights.st_size:x}-{meta.st_mtime_ns:x}"


def use_threads(count: int) -> None:
    """Let the calling thread compute with so many; torch keeps the number per thread."""
    torch.set_num_threads(count)


def _decoder_stored(weights: Path) -> bool:
    with safe_open(weights, framework="pt") as file:
        return any(name.startswith("decoder_") for name in file.keys())  # noqa: SIM118 it is no dict
