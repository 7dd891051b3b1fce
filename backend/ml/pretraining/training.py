"""The life of a training, whatever it learns: steps, evaluations, checkpoints, requests, its end."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor, nn, optim

from backend.ml.checkpoints.store import CheckpointStore
from backend.ml.pretraining.progress import LossBuffer, Stopwatch
from backend.ml.runtime.contracts import Outcome, RunIO
from backend.ml.runtime.memory import PeakMemory, is_out_of_memory
from shared.configs import TrainingConfig

FLUSH_EVERY_S = 0.5


class LeaveRequestedError(Exception):
    """Raised out of an evaluation when stop or pause was asked for."""

    def __init__(self, request: str) -> None:
        super().__init__(request)
        self.request = request


MAY_DIFFER = frozenset({"device", "keep_checkpoints", "sample_count"})
"""What a run that goes on may do otherwise than before."""


class TrainingFailedError(Exception):
    """Training cannot go on: why, and what to try."""

    def __init__(self, reason: str, suggestion: str) -> None:
        super().__init__(reason)
        self.reason, self.suggestion = reason, suggestion


@dataclass
class Selection:
    """The best evaluation so far, kept in every checkpoint so that a resumed run selects alike."""

    best: float | None = None
    best_step: int | None = None
    since_best: int = 0
    evaluated_step: int | None = None

    def take(self, score: float | None, step: int) -> bool:
        """Whether `step` is the best so far; where there is no score the last is."""
        self.evaluated_step = step
        if score is not None and self.best is not None and score <= self.best:
            self.since_best += 1
            return False
        self.best, self.best_step, self.since_best = score, step, 0
        return True


class TakesSteps(Protocol):
    """A training step as the loop sees it; steps count from 0."""

    steps_per_epoch: int
    total_steps: int

    def epoch(self, step: int) -> float:
        """Epochs done when `step` steps have been taken."""

    def lr(self, step: int) -> float:
        """Learning rate of `step`."""

    def __call__(self, step: int) -> Tensor:
        """Take `step`; its loss, detached and still on the device."""


class Training(ABC):
    """One training at one step of its life. A subclass sets `model`, `optimizer` and `take_step`, and says
    what an evaluation is."""

    score_keys: tuple[str, ...]
    """What the best checkpoint is chosen by, and stopping: the first of these that an evaluation has."""
    judge: ClassVar[str]
    """The same in a word."""
    model: nn.Module
    optimizer: optim.Optimizer
    take_step: TakesSteps

    def __init__(
        self, config: TrainingConfig, io: RunIO, folder: Path, memory: PeakMemory, device: torch.device
    ) -> None:
        self.config, self.io, self.memory, self.device = config, io, memory, device
        memory.restart(device)
        self.checkpoints = CheckpointStore(folder / "checkpoints", config.keep_checkpoints)
        self.selection = Selection()
        self.losses = LossBuffer(device)
        self.watch = Stopwatch()
        self.step = 0
        self.asked: list[str] = []

    @abstractmethod
    def evaluations(self) -> Iterator[dict[str, float]]:
        """The figures of this step, part by part as they come; calls `tick` between batches."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What meta.json says of the model besides the selection: config, channels, mean, std, classes."""

    def draw(self) -> None:
        """Leave pictures of this step, where there are any to leave."""
        return

    def after_step(self) -> None:
        """What follows each step, besides the next."""
        return

    @property
    def judged(self) -> nn.Module:
        """The model whose weights are kept and judged."""
        return self.model

    @property
    def head(self) -> nn.Module | None:
        """What is kept beside it."""
        return None

    def state(self) -> dict[str, Any]:
        """What going on needs besides the judged weights and the optimizer's state."""
        return {}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take up what `state` gave."""
        del state

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
            if self.step >= self.take_step.total_steps:
                return self.outcome("succeeded", None)
            self.losses.append(self.take_step(self.step))
            self.step += 1
            self.after_step()
            if self.losses.full or self.watch.since_mark_s >= FLUSH_EVERY_S:
                self.flush()
            self.obey(self.io.request())

    def resume(self) -> None:
        """Go on from the last checkpoint, where there is one."""
        last = self.checkpoints.last_step()
        if last is None:
            return
        self._require_same_config(self.checkpoints.meta(last)["config"], last)
        meta = self.checkpoints.load(last, self.judged, self.head)
        self.load_state(self.checkpoints.load_optimizer(last, self.optimizer, self.device))
        self.selection = Selection(**meta["selection"])
        self.step = last
        self.io.note("resumed", from_step=last)

    def evaluation_due(self) -> bool:
        every = self.config.eval_every_epochs * self.take_step.steps_per_epoch
        at_boundary = self.step % every == 0 or self.step == self.take_step.total_steps
        return at_boundary and self.selection.evaluated_step != self.step

    def evaluate_and_keep(self) -> None:
        """Log the figures of this step, draw, write the checkpoint."""
        self.flush()
        figures: dict[str, float] = {}
        for part in self.evaluations():
            self.io.log(self.step, self.epoch, part)
            figures |= part
        self.draw()
        score = next((figures[key] for key in self.score_keys if key in figures), None)
        improved = self.selection.take(score, self.step)
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
        if request == "checkpoint":
            self.save()  # without this evaluation, which a resume from it would make up for
        elif request:
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
                self.draw()
        self.asked.clear()

    def _require_same_config(self, before: Mapping[str, Any], step: int) -> None:
        """TrainingFailedError where a value that shapes the curve is not as it was."""
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
        meta = self.facts() | {"selection": asdict(self.selection)}
        self.checkpoints.save(self.step, self.judged, meta, self.optimizer, self.state(), self.head)

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
        total, every = (
            self.take_step.total_steps,
            self.config.eval_every_epochs * self.take_step.steps_per_epoch,
        )
        steps_left = total - self.step
        eta_s = self.watch.eta_s(steps_left, -(-steps_left // every))
        self.io.heartbeat(self.step, total, self.epoch, images_per_s, eta_s, message)

    def patience_spent(self) -> bool:
        """Whether the evaluation of just this step was one too many without a better one."""
        patience = self.config.early_stopping_patience
        spent = 0 < patience <= self.selection.since_best and self.selection.evaluated_step == self.step
        return spent and self.step < self.take_step.total_steps

    def early_stop_reason(self) -> str:
        return (
            f"stopped early at step {self.step}: {self.selection.since_best} evaluations without a better "
            f"{self.judge} than {self.selection.best:.3f} at step {self.selection.best_step}"
        )

    def diverged(self, reason: str) -> TrainingFailedError:
        return TrainingFailedError(
            reason,
            f"lower blr from {self.config.blr:g} to {self.config.blr / 2:g}, or lengthen warmup_epochs",
        )

    def outcome(self, outcome: Any, reason: str | None, suggestion: str | None = None) -> Outcome:
        rate = self.watch.images_per_s(self.config.batch_size)
        return Outcome(outcome, reason, self.step, suggestion, rate)


def train_guarded(config: TrainingConfig, rows: int, begin: Callable[[], Training]) -> Outcome:
    """Run what `begin` makes on `rows` images; too few of them, or of memory, is an outcome with advice."""
    if rows < config.batch_size:
        reason = f"batch_size {config.batch_size} is more than the {rows} images to train on"
        return Outcome("failed", reason, 0, f"set batch_size to {max(rows // 4, 2)}")
    training: Training | None = None
    try:
        training = begin()
        return training.run()
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        step = training.step if training else 0
        reason = f"out of memory at step {step} with batch_size {config.batch_size}"
        return Outcome("failed", reason, step, f"set batch_size to {max(config.batch_size // 2, 2)}")
