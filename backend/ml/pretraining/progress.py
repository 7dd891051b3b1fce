"""Losses kept on the device until they are written, and how long the rest will take."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

import torch
from torch import Tensor


class LossBuffer:
    """The losses of consecutive steps, on their device: reading them is the only wait for it."""

    def __init__(self, device: torch.device, capacity: int = 512) -> None:
        self._values = torch.zeros(capacity, device=device)
        self._count = 0

    @property
    def full(self) -> bool:
        return self._count == len(self._values)

    def append(self, loss: Tensor) -> None:
        self._values[self._count] = loss
        self._count += 1

    def take(self) -> list[float]:
        """What was kept, oldest first; the buffer is empty afterwards."""
        values: list[float] = self._values[: self._count].tolist()
        self._count = 0
        return values


@dataclass
class Stopwatch:
    """Time spent on steps and on evaluations, apart, by `clock` in seconds."""

    clock: Callable[[], float] = monotonic
    steps: int = 0
    training_s: float = 0.0
    evaluations: int = 0
    evaluating_s: float = 0.0
    started: float = field(init=False)
    mark: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.mark = self.clock()

    @property
    def since_mark_s(self) -> float:
        return self.clock() - self.mark

    def lap_steps(self, count: int) -> float:
        """Book `count` steps since the last lap; their seconds."""
        return self._lap(count, 0)

    def lap_evaluation(self) -> float:
        """Book one evaluation since the last lap; its seconds."""
        return self._lap(0, 1)

    def eta_s(self, steps_left: int, evaluations_left: int) -> float | None:
        """Seconds that so many steps and evaluations will take; None before the first step."""
        if self.steps == 0:
            return None
        evaluation_s = self.evaluating_s / max(self.evaluations, 1)
        return steps_left * self.training_s / self.steps + evaluations_left * evaluation_s

    def images_per_s(self, batch_size: int) -> float | None:
        """Images seen over the whole time since the start; None before the first step."""
        elapsed = self.clock() - self.started
        return self.steps * batch_size / elapsed if self.steps and elapsed > 0 else None

    def _lap(self, steps: int, evaluations: int) -> float:
        now = self.clock()
        seconds, self.mark = now - self.mark, now
        if steps:
            self.steps, self.training_s = self.steps + steps, self.training_s + seconds
        elif evaluations:
            self.evaluations, self.evaluating_s = self.evaluations + evaluations, self.evaluating_s + seconds
        return seconds
