"""A dataset small enough to learn in a second, a config for it, and a run directory kept in memory."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch

from backend.ml.runtime.contracts import PretrainData, ProbeData
from shared.configs import PretrainConfig


def blobs(n: int, side: int, channels: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Round (0) and elongated (1) bright blobs on a noisy dark sky, uint8 (N, H, W, C), and their labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    y, x = np.mgrid[:side, :side] / (side - 1) - 0.5
    angle = rng.uniform(0, np.pi, n)[:, None, None]
    along = x * np.cos(angle) + y * np.sin(angle)
    across = y * np.cos(angle) - x * np.sin(angle)
    flattening = np.where(labels == 0, 1.0, 4.0)[:, None, None]
    light = np.exp(-(along**2 + (flattening * across) ** 2) / 0.03)
    noisy = 20 + 200 * light[..., None] + rng.normal(0, 6, (n, side, side, channels))
    return noisy.clip(0, 255).astype(np.uint8), labels


@pytest.fixture
def tiny_data() -> Callable[..., PretrainData]:
    """Makes a dataset: `tiny_data(n=48, side=16, channels=3, labelled=True)`."""

    def make(n: int = 48, side: int = 16, channels: int = 3, labelled: bool = True) -> PretrainData:
        images, labels = blobs(n, side, channels, seed=1)
        val_images, val_labels = blobs(16, side, channels, seed=2)
        probe = ProbeData(
            train_images=images,
            train_labels=labels if labelled else np.full_like(labels, -1),
            val_images=val_images,
            val_labels=val_labels if labelled else np.full_like(val_labels, -1),
            class_names=["round", "elongated"] if labelled else [],
            dataset_digest="d1",
        )
        return PretrainData(
            images=images,
            val_images=val_images,
            val_rows=np.arange(100, 116),
            channel_mean=(images / 255).mean((0, 1, 2)).tolist(),
            channel_std=(images / 255).std((0, 1, 2)).tolist(),
            dataset_digest="d1",
            to_rgb=lambda pixels: np.repeat(pixels[..., :1], 3, axis=-1),
            probe=probe,
            labels=probe.train_labels,
        )

    return make


@pytest.fixture
def tiny_config() -> Callable[..., PretrainConfig]:
    """Makes a config of a 16-px model; anything can be overridden."""

    def make(**values: Any) -> PretrainConfig:
        defaults: dict[str, Any] = {
            "dataset": "tiny",
            "img_size": 16,
            "patch_size": 4,
            "embed_dim": 32,
            "depth": 2,
            "num_heads": 2,
            "decoder_embed_dim": 16,
            "decoder_depth": 1,
            "decoder_num_heads": 1,
            "epochs": 4,
            "batch_size": 16,
            "warmup_epochs": 0.5,
            "blr": 1e-2,
            "eval_every_epochs": 2,
            "knn_k": 5,
            "sample_count": 3,
            "device": "cpu",
        }
        return PretrainConfig(**(defaults | values))

    return make


class MemoryRun:
    """A RunIO that keeps what it is told; `ask` maps a step to the request made when it has been taken."""

    def __init__(self, ask: Mapping[int, str] | None = None, during_evaluation: bool = False) -> None:
        self.lines: list[tuple[int, float, dict[str, float]]] = []
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.beats: list[tuple[int, int, float | None, str]] = []
        self.steps_asked = 0
        self._ask = dict(ask or {})
        self._during_evaluation = during_evaluation
        self._evaluating = False
        self._taken = 0

    def log(self, step: int, epoch: float, values: Mapping[str, float]) -> None:
        self.lines.append((step, epoch, dict(values)))

    def heartbeat(
        self,
        step: int,
        total_steps: int,
        epoch: float,
        images_per_s: float | None,
        eta_s: float | None,
        message: str,
    ) -> None:
        self.beats.append((step, total_steps, eta_s, message))
        self._evaluating = message == "evaluating"
        self._taken = step

    def request(self) -> str | None:
        if self._evaluating:
            return self._ask.pop(self._taken, None) if self._during_evaluation else None
        self.steps_asked += 1
        return None if self._during_evaluation else self._ask.pop(self.steps_asked, None)

    def note(self, event: str, **fields: Any) -> None:
        self.events.append((event, fields))

    def series(self, key: str) -> dict[int, float]:
        """The values of `key` by step."""
        return {step: values[key] for step, _, values in self.lines if key in values}


@pytest.fixture
def memory_run() -> type[MemoryRun]:
    return MemoryRun


@pytest.fixture(autouse=True)
def _same_weights_each_time() -> None:
    torch.manual_seed(0)


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Models this small gain nothing from a second core, and lose much where cores are shared."""
    torch.set_num_threads(1)
