"""Checkpoints that survive a kill at any moment and rebuild their own model.

checkpoints/
  step_00001234/        renamed into place when whole
    model.safetensors   weights, float32
    head.safetensors    what a classifier has on top of its encoder
    meta.json           config, channels, step, selection; mean, std, digest and classes of the dataset
    optimizer.pt        and other state needed to resume; only where `last` points
  last, best            {"step": 1234}
"""

import os
import re
import shutil
from collections.abc import Mapping
from math import log
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn, optim

from backend.files import read_json, write_json
from backend.ml.mae.models_mae import MaskedAutoencoderViT
from shared.configs import ModelConfig

WEIGHTS, HEAD, META, OPTIMIZER = "model.safetensors", "head.safetensors", "meta.json", "optimizer.pt"
FOLDER = re.compile(r"step_(\d{8,})")


def model_from_config(config: ModelConfig, channels: int) -> MaskedAutoencoderViT:
    """A model with fresh weights for images of `channels` bands."""
    return MaskedAutoencoderViT(
        img_size=config.img_size,
        patch_size=config.patch_size,
        in_chans=channels,
        embed_dim=config.embed_dim,
        depth=config.depth,
        num_heads=config.num_heads,
        decoder_embed_dim=config.decoder_embed_dim,
        decoder_depth=config.decoder_depth,
        decoder_num_heads=config.decoder_num_heads,
        mlp_ratio=config.mlp_ratio,
        norm_pix_loss=config.norm_pix_loss,
        variance_floor=config.variance_floor,
    )


def build_model(meta: Mapping[str, Any]) -> MaskedAutoencoderViT:
    """The model that a checkpoint's meta.json describes, with fresh weights: `load` fills them."""
    return model_from_config(ModelConfig.of(meta["config"]), int(meta["channels"]))


def thin(steps: list[int], keep: int) -> list[int]:
    """At most `keep` of `steps`, the first and the last among them, spaced evenly in log step."""
    kept = sorted(steps)
    while len(kept) > max(keep, 0):
        if len(kept) < 3:
            kept.pop()
            continue
        gaps = {kept[i]: log((kept[i + 1] + 1) / (kept[i - 1] + 1)) for i in range(1, len(kept) - 1)}
        kept.remove(min(gaps, key=lambda step: gaps[step]))
    return kept


class CheckpointStore:
    """The checkpoints of one run, in `root`, at most `keep` of them besides last and best."""

    def __init__(self, root: Path, keep: int) -> None:
        self.root, self.keep = root, keep

    def folder(self, step: int) -> Path:
        """Where the checkpoint of `step` is, or would be."""
        return self.root / f"step_{step:08d}"

    def steps(self) -> list[int]:
        """Steps of the whole checkpoints, rising; a torn folder is not among them."""
        found = (FOLDER.fullmatch(path.name) for path in self.root.glob("step_*"))
        return sorted(int(name[1]) for name in found if name and _whole(self.root / name[0]))

    def last_step(self) -> int | None:
        """The step to resume from: what `last` points at, else the newest with an optimizer."""
        steps = self.steps()
        pointed = self._pointed("last")
        if pointed in steps:
            return pointed
        return max((step for step in steps if (self.folder(step) / OPTIMIZER).is_file()), default=None)

    def best_step(self) -> int | None:
        """The step that `mark_best` named, if its checkpoint is whole."""
        pointed = self._pointed("best")
        return pointed if pointed in self.steps() else None

    def mark_best(self, step: int) -> None:
        """Point `best` at a saved step."""
        write_json(self.root / "best", {"step": step})

    def save(
        self,
        step: int,
        model: nn.Module,
        meta: Mapping[str, Any],
        optimizer: optim.Optimizer | None = None,
        state: Mapping[str, Any] | None = None,
        head: nn.Module | None = None,
    ) -> None:
        """Write the checkpoint of `step`; with an optimizer it becomes `last`, and older states are removed.
        `state` is stored with the optimizer's."""
        building = self._fresh_folder(f".{self.folder(step).name}")
        _save_weights(model, building / WEIGHTS)
        if head is not None:
            _save_weights(head, building / HEAD)
        if optimizer is not None:
            torch.save({"optimizer": optimizer.state_dict(), **(state or {})}, building / OPTIMIZER)
            _sync(building / OPTIMIZER)
        write_json(building / META, {**meta, "step": step})
        self._put_in_place(building, self.folder(step))
        if optimizer is not None:
            write_json(self.root / "last", {"step": step})
            self._drop_optimizers_before(step)

    def load(self, step: int, model: nn.Module, head: nn.Module | None = None) -> dict[str, Any]:
        """Fill `model`, and `head`, with the weights of `step`, strictly; the meta data."""
        model.load_state_dict(load_file(self.folder(step) / WEIGHTS))
        if head is not None:
            head.load_state_dict(load_file(self.folder(step) / HEAD))
        return self.meta(step)

    def meta(self, step: int) -> dict[str, Any]:
        """The contents of meta.json of `step`. Raises FileNotFoundError."""
        meta: dict[str, Any] | None = read_json(self.folder(step) / META)
        if meta is None:
            raise FileNotFoundError(f"checkpoint {step} has no {META}: choose one of {self.steps()}")
        return meta

    def load_optimizer(self, step: int, optimizer: optim.Optimizer, device: torch.device) -> dict[str, Any]:
        """Fill `optimizer` with its state of `step`, which only `last` has; the state stored with it."""
        state = torch.load(self.folder(step) / OPTIMIZER, map_location=device, weights_only=True)
        if "optimizer" not in state:  # an older file, of the optimizer alone
            state = {"optimizer": state}
        optimizer.load_state_dict(state.pop("optimizer"))
        return dict(state)

    def prune(self) -> None:
        """Remove checkpoints until at most `keep` are left besides last and best, log-spaced in step."""
        steps = self.steps()
        others = [step for step in steps if step not in (self.last_step(), self.best_step())]
        for step in set(others) - set(thin(others, self.keep)):
            self._remove(self.folder(step))

    def _pointed(self, pointer: str) -> int | None:
        value = read_json(self.root / pointer)
        return int(value["step"]) if value else None

    def _fresh_folder(self, name: str) -> Path:
        """An empty folder to build in; removes what a killed writer left."""
        for leftover in self.root.glob(".step_*"):
            shutil.rmtree(leftover)
        folder = self.root / name
        folder.mkdir(parents=True)
        return folder

    def _put_in_place(self, building: Path, final: Path) -> None:
        if final.exists():
            self._remove(final)
        building.rename(final)
        _sync(self.root)

    def _remove(self, folder: Path) -> None:
        gone = folder.with_name(f".{folder.name}.gone")
        folder.rename(gone)
        shutil.rmtree(gone)

    def _drop_optimizers_before(self, step: int) -> None:
        for other in self.root.glob(f"step_*/{OPTIMIZER}"):
            if other.parent != self.folder(step):
                other.unlink()


def _save_weights(model: nn.Module, path: Path) -> None:
    save_file({name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}, path)
    _sync(path)


def _whole(folder: Path) -> bool:
    if not (folder / META).is_file() or not (folder / WEIGHTS).is_file():
        return False
    try:
        with safe_open(folder / WEIGHTS, framework="pt"):
            return True
    except SafetensorError:
        return False


def _sync(path: Path) -> None:
    if not path.exists():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
