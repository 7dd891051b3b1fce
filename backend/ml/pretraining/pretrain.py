"""Pretraining of a masked autoencoder, from the first evaluation to the last checkpoint."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar

import torch

from backend.ml.checkpoints.store import model_from_config
from backend.ml.mae.models_mae import MaskedAutoencoderViT
from backend.ml.pretraining.evaluation import evaluate, validation_loss
from backend.ml.pretraining.online_probe import OnlineProbe
from backend.ml.pretraining.samples import FixedSamples
from backend.ml.pretraining.streams import stream
from backend.ml.pretraining.training import LeaveRequestedError, Training, train_guarded
from backend.ml.pretraining.training_step import TrainingStep, build_optimizer
from backend.ml.runtime.compute import prepare, resolve_device, resolve_precision, synchronise
from backend.ml.runtime.contracts import Outcome, PretrainData, RunIO
from backend.ml.runtime.memory import PeakMemory
from shared.configs import PretrainConfig
from shared.configs.kinds import RunKind
from shared.contract.runs import judged_key

__all__ = ["LeaveRequestedError", "Outcome", "PretrainData", "RunIO", "bare_step_images_per_s", "pretrain"]


def fresh_model(config: PretrainConfig, channels: int) -> MaskedAutoencoderViT:
    """A model whose weights depend on config.seed alone; the global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream(config.seed, "weights"))
        return model_from_config(config, channels)


class Pretraining(Training):
    """One pretraining at one step of its life."""

    judge: ClassVar = "probe"
    config: PretrainConfig
    model: MaskedAutoencoderViT
    take_step: TrainingStep

    def __init__(
        self, config: PretrainConfig, data: PretrainData, io: RunIO, folder: Path, memory: PeakMemory
    ) -> None:
        super().__init__(config, io, folder, memory, resolve_device(config.device))
        self.data = data
        self.model = fresh_model(config, data.images.shape[-1])
        prepare(self.model, self.device, resolve_precision(config, self.device))
        self.optimizer = build_optimizer(self.model, config)
        self.online = OnlineProbe.beside(self.model, data, config)
        self.score_keys = (judged_key(RunKind.PRETRAIN, config.online_probe),)
        self.take_step = TrainingStep(config, data, self.model, self.optimizer, self.device)
        self.samples = FixedSamples(config, data, folder / "samples")

    def evaluations(self) -> Iterator[dict[str, float]]:
        """Validation loss first, so that a chart has a point before the probes are done."""
        self.model.eval()
        figures = validation_loss(self.model, self.data, self.config, self.tick)
        self.model.train()
        yield figures
        yield evaluate(
            self.model, self.data, self.config, with_loss=False, tick=self.tick, online=self.online
        )

    def after_step(self) -> None:
        """The online probe learns from what the step left."""
        if self.online is not None:
            taken = self.step - 1
            self.online.learn(self.take_step.rows(taken), self.take_step.lr(taken) / self.config.lr)

    def state(self) -> dict[str, Any]:
        return {} if self.online is None else {"online_probe": self.online.state_dict()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        if self.online is not None:
            self.online.load_state_dict(state["online_probe"])

    def draw(self) -> None:
        """The fixed galaxies, reconstructed."""
        self.samples.write(self.model, self.step)

    def facts(self) -> dict[str, Any]:
        """All that is needed to rebuild the model and to standardise for it."""
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
    """Train `config` on `data`, or go on from folder/checkpoints, and say how it ended.

    Writes folder/checkpoints and folder/samples; everything else goes through `io`. `memory` knows what the
    process held before `data`; without it the peak that is logged is over what it holds now.
    """
    known = memory or PeakMemory()
    return train_guarded(config, len(data.images), lambda: Pretraining(config, data, io, folder, known))


def bare_step_images_per_s(config: PretrainConfig, data: PretrainData, steps: int = 12) -> float:
    """Images a second of forward, backward and optimiser alone, on one ready batch; the median step.

    What data, augmentation, schedule, logs and evaluations cost a run shows against this figure.
    """
    device = resolve_device(config.device)
    model = fresh_model(config, data.images.shape[-1])
    prepare(model, device, resolve_precision(config, device))
    step = TrainingStep(config, data, model, build_optimizer(model, config), device)
    imgs, noise = step.normalise(step.batch(0)), step.noise(0)
    seconds = []
    for _ in range(steps + 3):
        start = perf_counter()
        step.learn(imgs, noise, config.lr)
        synchronise(device)
        seconds.append(perf_counter() - start)
    return config.batch_size / sorted(seconds[3:])[steps // 2]
