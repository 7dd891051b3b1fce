"""The loop of every training here. Read `TrainingLoop` from top to bottom.

A `Trainee` is what learns: a model, its loss, and what is measured of it. The loop takes the steps and looks
after the run: evaluations, checkpoints, requests, early stopping, and how it ends."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn, optim

from backend.ml.checkpoints.store import CheckpointStore
from backend.ml.pretraining.progress import LossBuffer, Stopwatch
from backend.ml.pretraining.streams import augment_step, epoch_order
from backend.ml.runtime.compute import resolve_device, to_tensor
from backend.ml.runtime.contracts import Outcome, Pixels, RunIO
from backend.ml.runtime.memory import PeakMemory, is_out_of_memory
from shared.configs import TrainingConfig
from shared.planning.schedule import learning_rate

FLUSH_EVERY_S = 0.5
MAY_DIFFER = frozenset({"device", "keep_checkpoints", "sample_count"})
"""Settings that may change when a run resumes."""


class LeaveRequestedError(Exception):
    """Ends a training at a stop or pause request, also from within an evaluation."""

    def __init__(self, request: str) -> None:
        super().__init__(request)
        self.request = request


class TrainingFailedError(Exception):
    """Training cannot continue: why, and what to try."""

    def __init__(self, reason: str, suggestion: str) -> None:
        super().__init__(reason)
        self.reason, self.suggestion = reason, suggestion


class ImageSchedule:
    """The images of a training (N, H, W, C) uint8, resident on its device, and the step that sees each.

    Order and augmentation come from streams of (seed, epoch) and (seed, step): a resumed run repeats an
    uninterrupted one, bit for bit on a CPU. The last, incomplete batch of an epoch is dropped.
    """

    def __init__(self, config: TrainingConfig, images: Pixels, device: torch.device) -> None:
        self._config, self.device = config, device
        self.images = to_tensor(images, device)
        self.steps_per_epoch = len(images) // config.batch_size
        self.total_steps = self.steps_per_epoch * config.epochs
        self._order: tuple[int, Tensor] | None = None

    def epoch(self, step: int) -> float:
        """Epochs done when `step` steps have been taken."""
        return step / self.steps_per_epoch

    def lr(self, step: int) -> float:
        """Learning rate of `step`, counted from 0."""
        config = self._config
        return learning_rate(
            self.epoch(step),
            peak=config.lr,
            min_lr=config.min_lr,
            warmup_epochs=config.warmup_epochs,
            epochs=config.epochs,
        )

    def rows(self, step: int) -> Tensor:
        """Indices (batch_size,) of the images of `step`."""
        epoch, place = divmod(step, self.steps_per_epoch)
        size = self._config.batch_size
        return self._epoch_order(epoch)[place * size : (place + 1) * size]

    def batch(self, step: int) -> Tensor:
        """The augmented images (N, H, W, C) of `step`, on the scale 0 to 255."""
        return augment_step(self.images[self.rows(step)], self._config, step)

    def _epoch_order(self, epoch: int) -> Tensor:
        if self._order is None or self._order[0] != epoch:
            order = epoch_order(self._config.seed, epoch, len(self.images))
            self._order = (epoch, order.to(self.device))
        return self._order[1]


@dataclass
class Selection:
    """The evaluations so far, kept in every checkpoint so that a resumed run selects alike.

    `best`, `best_step` and `since_best` are for early stopping: the first of the highest scores, and the
    evaluations since. `marked` and `marked_step` are the best checkpoint: the last of the highest scores
    after step 0, which is the untrained reference.
    """

    best: float | None = None
    best_step: int | None = None
    since_best: int = 0
    evaluated_step: int | None = None
    marked: float | None = None
    marked_step: int | None = None

    def __post_init__(self) -> None:
        if self.marked_step is None and self.best_step:  # of a checkpoint before 0.2
            self.marked, self.marked_step = self.best, self.best_step

    def take(self, score: float | None, step: int) -> bool:
        """Whether the checkpoint of `step` is now the best; without a score, the last one is."""
        self.evaluated_step = step
        if score is None or self.best is None or score > self.best:
            self.best, self.best_step, self.since_best = score, step, 0
        else:
            self.since_best += 1
        if step == 0 or (score is not None and self.marked is not None and score < self.marked):
            return False
        self.marked, self.marked_step = score, step
        return True


class Trainee(ABC):
    """What learns. Steps count from 0."""

    score_keys: tuple[str, ...]
    """The metrics that choose the best checkpoint and stop early: the first that an evaluation has."""
    score_name: ClassVar[str]
    model: nn.Module
    optimizer: optim.Optimizer
    schedule: ImageSchedule
    device: torch.device

    @abstractmethod
    def loss(self, step: int) -> Tensor:
        """Forward pass on the batch of `step`: a scalar with its gradient."""

    @abstractmethod
    def evaluate(self, tick: Callable[[], None]) -> Iterator[dict[str, float]]:
        """Metrics of the current weights, in parts as they come; calls `tick` between batches."""

    @abstractmethod
    def metadata(self) -> dict[str, Any]:
        """What meta.json needs besides the selection: config, channels, mean, std, classes."""

    def after_step(self, step: int) -> None:
        """Follows the optimiser step of `step`."""
        del step

    def draw(self, step: int) -> None:
        """Save sample pictures, where the training has any."""
        del step

    @property
    def eval_model(self) -> nn.Module:
        """The model that is saved and evaluated."""
        return self.model

    @property
    def head(self) -> nn.Module | None:
        """Saved beside it."""
        return None

    def state(self) -> dict[str, Any]:
        """What a resume needs besides eval_model and the optimiser."""
        return {}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `state` returned."""
        del state


class TrainingLoop:
    """One training, from its first step or its last checkpoint to its end."""

    def __init__(
        self, trainee: Trainee, config: TrainingConfig, io: RunIO, folder: Path, memory: PeakMemory
    ) -> None:
        self.trainee, self.config, self.io, self.memory = trainee, config, io, memory
        self.schedule = trainee.schedule
        self.checkpoints = CheckpointStore(folder / "checkpoints", config.keep_checkpoints)
        self.selection = Selection()
        self.losses = LossBuffer(trainee.device)
        self.watch = Stopwatch()
        self.step = 0
        self.deferred: list[str] = []
        """Requests that arrived during an evaluation."""

    def run(self) -> Outcome:
        """Train to the end, or until a request or a failure ends it."""
        try:
            self.resume()
            return self.train()
        except LeaveRequestedError as interruption:
            return self.leave(interruption.request)
        except TrainingFailedError as failure:
            return self.outcome("failed", failure.reason, failure.suggestion)

    def train(self) -> Outcome:
        trainee, schedule = self.trainee, self.schedule
        while True:
            if self.evaluation_due():
                self.evaluate_and_save()
            if self.patience_spent():
                return self.outcome("succeeded", self.early_stop_reason())
            if self.step >= schedule.total_steps:
                return self.outcome("succeeded", None)

            loss = descend(trainee.optimizer, trainee.loss(self.step), schedule.lr(self.step))
            trainee.after_step(self.step)

            self.losses.append(loss)  # stays on the device until it is flushed
            self.step += 1
            if self.losses.full or self.watch.since_mark_s >= FLUSH_EVERY_S:
                self.flush()
            self.handle_request(self.io.request())

    def resume(self) -> None:
        """Continue from the last checkpoint, if there is one."""
        last = self.checkpoints.last_step()
        if last is None:
            return
        self._require_same_config(self.checkpoints.meta(last)["config"], last)
        meta = self.checkpoints.load(last, self.trainee.eval_model, self.trainee.head)
        state = self.checkpoints.load_optimizer(last, self.trainee.optimizer, self.trainee.device)
        self.trainee.load_state(state)
        self.selection = Selection(**meta["selection"])
        self.step = last
        self.io.note("resumed", from_step=last)

    def evaluation_due(self) -> bool:
        every = self.config.eval_every_epochs * self.schedule.steps_per_epoch
        at_boundary = self.step % every == 0 or self.step == self.schedule.total_steps
        return at_boundary and self.selection.evaluated_step != self.step

    def evaluate_and_save(self) -> None:
        """Log the metrics of this step, draw samples, write the checkpoint."""
        self.flush()
        figures: dict[str, float] = {}
        for part in self.trainee.evaluate(self.tick):
            self.io.log(self.step, self.epoch, part)
            figures |= part
        self.trainee.draw(self.step)
        score = next((figures[key] for key in self.trainee.score_keys if key in figures), None)
        improved = self.selection.take(score, self.step)
        self.save()
        if improved:
            self.checkpoints.mark_best(self.step)
        self.checkpoints.prune()
        peak = {"system/peak_memory_bytes": float(self.memory.peak_bytes(self.trainee.device))}
        self.io.log(self.step, self.epoch, peak)
        self.watch.lap_evaluation()
        self.report_progress(None, "training")

    def tick(self) -> None:
        """Between the batches of an evaluation: report progress, and leave at a stop or pause request."""
        self.report_progress(None, "evaluating")
        request = self.io.request()
        if request in ("stop", "pause"):
            raise LeaveRequestedError(request)
        if request == "checkpoint":
            self.save()  # without this evaluation, which a resume from it would repeat
        elif request:
            self.deferred.append(request)

    def handle_request(self, request: str | None) -> None:
        """Act on the requests of an evaluation and on this one."""
        for verb in (*self.deferred, request):
            if verb in ("stop", "pause"):
                raise LeaveRequestedError(verb)
            if verb == "checkpoint":
                self.flush()
                self.save()
            elif verb == "sample":
                self.flush()
                self.trainee.draw(self.step)
        self.deferred.clear()

    def _require_same_config(self, before: Mapping[str, Any], step: int) -> None:
        """Raise TrainingFailedError where a setting that shapes the curve has changed."""
        now = self.config.model_dump(mode="json")
        for key in sorted((now.keys() & before.keys()) - MAY_DIFFER):
            if now[key] != before[key]:
                raise TrainingFailedError(
                    f"{key} is {now[key]}, and was {before[key]} up to step {step}; a run keeps its values",
                    f"clone the run and set {key} = {now[key]} in the clone",
                )

    def flush(self) -> None:
        """Log every step since the last flush; TrainingFailedError at the first loss that is not finite."""
        losses = self.losses.take()
        if not losses:
            return
        rate = len(losses) * self.config.batch_size / max(self.watch.lap_steps(len(losses)), 1e-9)
        first = self.step - len(losses)
        for index, loss in enumerate(losses, start=first):
            values = {"train/loss": loss, "train/lr": self.schedule.lr(index)}
            if index == self.step - 1:
                values["train/images_per_s"] = rate
            self.io.log(index + 1, self.schedule.epoch(index + 1), values)
            if not isfinite(loss):
                self.step = index + 1
                raise self.diverged(f"the loss became {loss} at step {index + 1}")
        self.report_progress(rate, "training")

    def save(self) -> None:
        """Write the checkpoint of this step. Weights that are not finite end the run unsaved."""
        for name, parameter in self.trainee.model.named_parameters():
            if not bool(parameter.isfinite().all()):
                raise self.diverged(f"the weights {name} are not finite after step {self.step}")
        trainee = self.trainee
        meta = trainee.metadata() | {"selection": asdict(self.selection)}
        self.checkpoints.save(
            self.step, trainee.eval_model, meta, trainee.optimizer, trainee.state(), trainee.head
        )

    def leave(self, request: str) -> Outcome:
        """Write a checkpoint and end, at a stop or pause request."""
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
        return self.schedule.epoch(self.step)

    def report_progress(self, images_per_s: float | None, message: str) -> None:
        total, every = (
            self.schedule.total_steps,
            self.config.eval_every_epochs * self.schedule.steps_per_epoch,
        )
        steps_left = total - self.step
        eta_s = self.watch.eta_s(steps_left, -(-steps_left // every))
        self.io.heartbeat(self.step, total, self.epoch, images_per_s, eta_s, message)

    def patience_spent(self) -> bool:
        """Whether this step's evaluation used up the patience of early stopping."""
        patience = self.config.early_stopping_patience
        spent = 0 < patience <= self.selection.since_best and self.selection.evaluated_step == self.step
        return spent and self.step < self.schedule.total_steps

    def early_stop_reason(self) -> str:
        return (
            f"stopped early at step {self.step}: {self.selection.since_best} evaluations without a better "
            f"{self.trainee.score_name} than {self.selection.best:.3f} at step {self.selection.best_step}"
        )

    def diverged(self, reason: str) -> TrainingFailedError:
        return TrainingFailedError(
            reason,
            f"lower blr from {self.config.blr:g} to {self.config.blr / 2:g}, or lengthen warmup_epochs",
        )

    def outcome(self, outcome: Any, reason: str | None, suggestion: str | None = None) -> Outcome:
        rate = self.watch.images_per_s(self.config.batch_size)
        return Outcome(outcome, reason, self.step, suggestion, rate)


def descend(optimizer: optim.Optimizer, loss: Tensor, lr: float) -> Tensor:
    """One optimiser step down `loss`, at `lr` times each group's lr_scale. Returns the loss, detached."""
    for group in optimizer.param_groups:
        group["lr"] = lr * group.get("lr_scale", 1.0)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.detach()


def train_guarded(
    config: TrainingConfig,
    rows: int,
    build: Callable[[], Trainee],
    io: RunIO,
    folder: Path,
    memory: PeakMemory,
) -> Outcome:
    """Build and train on `rows` images; too few of them, or too little memory, is an outcome with advice."""
    if rows < config.batch_size:
        reason = f"batch_size {config.batch_size} is more than the {rows} images to train on"
        return Outcome("failed", reason, 0, f"set batch_size to {max(rows // 4, 2)}")
    loop: TrainingLoop | None = None
    memory.restart(resolve_device(config.device))
    try:
        loop = TrainingLoop(build(), config, io, folder, memory)
        return loop.run()
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        step = loop.step if loop else 0
        reason = f"out of memory at step {step} with batch_size {config.batch_size}"
        return Outcome("failed", reason, step, f"set batch_size to {max(config.batch_size // 2, 2)}")
