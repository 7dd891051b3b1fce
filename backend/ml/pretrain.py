"""Pretraining of a masked autoencoder, from the first evaluation to the last checkpoint."""

from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from backend.ml.checkpoint import CheckpointStore, model_from_config
from backend.ml.compute import prepare, resolve_device, resolve_precision, synchronise
from backend.ml.contracts import Outcome, PretrainData, RunIO
from backend.ml.evaluation import evaluate, validation_loss
from backend.ml.memory import PeakMemory, is_out_of_memory
from backend.ml.models_mae import MaskedAutoencoderViT
from backend.ml.online_probe import OnlineProbe, together
from backend.ml.progress import LossBuffer, Stopwatch
from backend.ml.samples import FixedSamples
from backend.ml.streams import stream
from backend.ml.training_step import TrainingStep, build_optimizer
from shared.configs import PretrainConfig
from shared.runs import RunKind
from shared.verdicts import judged_key

__all__ = ["Outcome", "PretrainData", "RunIO", "bare_step_images_per_s", "pretrain"]

FLUSH_EVERY_S = 0.5


class LeaveRequestedError(Exception):
    """Raised out of an evaluation when stop or pause was asked for."""

    def __init__(self, request: str) -> None:
        super().__init__(request)
        self.request = request


class TrainingFailedError(Exception):
    """Training cannot go on: why, and what to try."""

    def __init__(self, reason: str, suggestion: str) -> None:
        super().__init__(reason)
        self.reason, self.suggestion = reason, suggestion


@dataclass
class Selection:
    """The best probe so far, kept in every checkpoint so that a resumed run selects alike."""

    best: float | None = None
    best_step: int | None = None
    since_best: int = 0
    evaluated_step: int | None = None

    def take(self, score: float | None, step: int) -> bool:
        """Whether `step` is the best so far by its score; without scores the last is."""
        self.evaluated_step = step
        if score is not None and self.best is not None and score <= self.best:
            self.since_best += 1
            return False
        self.best, self.best_step, self.since_best = score, step, 0
        return True


def fresh_model(config: PretrainConfig, channels: int) -> MaskedAutoencoderViT:
    """A model whose weights depend on config.seed alone; the global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream(config.seed, "weights"))
        return model_from_config(config, channels)


class Pretraining:
    """One pretraining at one step of its life."""

    def __init__(
        self, config: PretrainConfig, data: PretrainData, io: RunIO, folder: Path, memory: PeakMemory
    ) -> None:
        self.config, self.data, self.io, self.memory = config, data, io, memory
        self.device = resolve_device(config.device)
        memory.restart(self.device)
        self.model = fresh_model(config, data.images.shape[-1])
        prepare(self.model, self.device, resolve_precision(config, self.device))
        self.optimizer = build_optimizer(self.model, config)
        self.online = OnlineProbe.beside(self.model, data, config)
        self.resumable = together(self.optimizer, self.online)
        self.take_step = TrainingStep(config, data, self.model, self.optimizer, self.device)
        self.total_steps = self.take_step.total_steps
        self.checkpoints = CheckpointStore(folder / "checkpoints", config.keep_checkpoints)
        self.samples = FixedSamples(config, data, folder / "samples")
        self.selection = Selection()
        self.losses = LossBuffer(self.device)
        self.watch = Stopwatch()
        self.step = 0
        self.asked: list[str] = []

    def run(self) -> Outcome:
        """Train to the end, or until asked to stop or unable to go on."""
        try:
            self.resume()
            return self.train()
        except LeaveRequestedError as interruption:
            return self.leave(interruption.request)
        except TrainingFailedError as failure:
            return self.outcome("failed", failure.reason, failure.suggestion)

    def train(self) -> Outcome:
        while True:
            if self.evaluation_due():
                self.evaluate_and_keep()
                if self.patience_spent():
                    return self.outcome("succeeded", self.early_stop_reason())
            if self.step >= self.total_steps:
                return self.outcome("succeeded", None)
            self.losses.append(self.take_step(self.step))
            if self.online is not None:
                self.online.learn(
                    self.take_step.rows(self.step), self.take_step.lr(self.step) / self.config.lr
                )
            self.step += 1
            if self.losses.full or self.watch.since_mark_s >= FLUSH_EVERY_S:
                self.flush()
            self.obey(self.io.request())

    def resume(self) -> None:
        """Go on from the last checkpoint, where there is one."""
        last = self.checkpoints.last_step()
        if last is None:
            return
        meta = self.checkpoints.load(last, self.model)
        self.checkpoints.load_optimizer(last, self.resumable, self.device)
        self.selection = Selection(**meta["selection"])
        self.step = last
        self.io.note("resumed", from_step=last)

    def evaluation_due(self) -> bool:
        every = self.config.eval_every_epochs * self.take_step.steps_per_epoch
        at_boundary = self.step % every == 0 or self.step == self.total_steps
        return at_boundary and self.selection.evaluated_step != self.step

    def evaluate_and_keep(self) -> None:
        """Log the figures of this step, draw the samples, write the checkpoint; validation loss comes first,
        so that a chart has a point before the probes are done."""
        self.flush()
        self.model.eval()
        figures = validation_loss(self.model, self.data, self.config, self.tick)
        self.model.train()
        self.io.log(self.step, self.epoch, figures)
        figures = evaluate(
            self.model, self.data, self.config, with_loss=False, tick=self.tick, online=self.online
        )
        self.io.log(self.step, self.epoch, figures)
        self.samples.write(self.model, self.step)
        improved = self.selection.take(
            figures.get(judged_key(RunKind.PRETRAIN, self.config.online_probe)), self.step
        )
        self.save()
        if improved:
            self.checkpoints.mark_best(self.step)
        self.checkpoints.prune()
        peak = {"system/peak_memory_bytes": float(self.memory.peak_bytes(self.device))}
        self.io.log(self.step, self.epoch, peak)
        self.watch.lap_evaluation()
        self.beat(None, "training")

    def tick(self) -> None:
        """Between the batches of an evaluation: show life, and break off when asked to stop or pause."""
        self.beat(None, "evaluating")
        request = self.io.request()
        if request in ("stop", "pause"):
            raise LeaveRequestedError(request)
        if request:
            self.asked.append(request)

    def obey(self, request: str | None) -> None:
        """Do what was asked, now or during an evaluation."""
        for verb in (*self.asked, request):
            if verb in ("stop", "pause"):
                raise LeaveRequestedError(verb)
            if verb == "checkpoint":
                self.flush()
                self.save()
            elif verb == "sample":
                self.flush()
                self.samples.write(self.model, self.step)
        self.asked.clear()

    def flush(self) -> None:
        """Log every step since the last flush; TrainingFailedError at the first loss that is not finite."""
        losses = self.losses.take()
        if not losses:
            return
        rate = len(losses) * self.config.batch_size / max(self.watch.lap_steps(len(losses)), 1e-9)
        first = self.step - len(losses)
        for index, loss in enumerate(losses, start=first):
            values = {"train/loss": loss, "train/lr": self.take_step.lr(index)}
            if index == self.step - 1:
                values["train/images_per_s"] = rate
            self.io.log(index + 1, self.take_step.epoch(index + 1), values)
            if not isfinite(loss):
                self.step = index + 1
                raise self.diverged(f"the loss became {loss} at step {index + 1}")
        self.beat(rate, "training")

    def save(self) -> None:
        """Write the checkpoint of this step; weights that are not finite are refused, and end the run."""
        for name, parameter in self.model.named_parameters():
            if not bool(parameter.isfinite().all()):
                raise self.diverged(f"the weights {name} are not finite after step {self.step}")
        self.checkpoints.save(self.step, self.model, self.meta(), self.resumable)

    def meta(self) -> dict[str, Any]:
        """All that is needed to rebuild the model, standardise for it, and go on."""
        return {
            "config": self.config.model_dump(mode="json"),
            "channels": int(self.data.images.shape[-1]),
            "mean": self.data.channel_mean,
            "std": self.data.channel_std,
            "class_names": self.data.probe.class_names,
            "dataset_digest": self.data.dataset_digest,
            "probe_digest": self.data.probe.dataset_digest,
            "selection": asdict(self.selection),
        }

    def leave(self, request: str) -> Outcome:
        """Checkpoint and go, asked to stop or to pause."""
        try:
            self.flush()
            self.save()
        except TrainingFailedError as failure:
            return self.outcome("failed", failure.reason, failure.suggestion)
        if request == "pause":
            return self.outcome("paused", f"paused at step {self.step}")
        return self.outcome("cancelled", f"stopped at step {self.step}")

    @property
    def epoch(self) -> float:
        return self.take_step.epoch(self.step)

    def beat(self, images_per_s: float | None, message: str) -> None:
        every = self.config.eval_every_epochs * self.take_step.steps_per_epoch
        steps_left = self.total_steps - self.step
        eta_s = self.watch.eta_s(steps_left, -(-steps_left // every))
        self.io.heartbeat(self.step, self.total_steps, self.epoch, images_per_s, eta_s, message)

    def patience_spent(self) -> bool:
        patience = self.config.early_stopping_patience
        return 0 < patience <= self.selection.since_best and self.step < self.total_steps

    def early_stop_reason(self) -> str:
        return (
            f"stopped early at step {self.step}: {self.selection.since_best} evaluations without a better "
            f"probe than {self.selection.best:.3f} at step {self.selection.best_step}"
        )

    def diverged(self, reason: str) -> TrainingFailedError:
        return TrainingFailedError(
            reason,
            f"lower blr from {self.config.blr:g} to {self.config.blr / 2:g}, or lengthen warmup_epochs",
        )

    def outcome(self, outcome: Any, reason: str | None, suggestion: str | None = None) -> Outcome:
        rate = self.watch.images_per_s(self.config.batch_size)
        return Outcome(outcome, reason, self.step, suggestion, rate)


def pretrain(
    config: PretrainConfig, data: PretrainData, io: RunIO, folder: Path, memory: PeakMemory | None = None
) -> Outcome:
    """Train `config` on `data`, or go on from folder/checkpoints, and say how it ended.

    Writes folder/checkpoints and folder/samples; everything else goes through `io`. `memory` knows what the
    process held before `data`; without it the peak that is logged is over what it holds now.
    """
    if len(data.images) < config.batch_size:
        reason = f"batch_size {config.batch_size} is more than the {len(data.images)} images to train on"
        return Outcome("failed", reason, 0, f"set batch_size to {max(len(data.images) // 4, 2)}")
    training: Pretraining | None = None
    try:
        training = Pretraining(config, data, io, folder, memory or PeakMemory())
        return training.run()
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        step = training.step if training else 0
        reason = f"out of memory at step {step} with batch_size {config.batch_size}"
        return Outcome("failed", reason, step, f"set batch_size to {max(config.batch_size // 2, 2)}")


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
