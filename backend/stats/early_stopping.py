"""Where early stopping acts on a series of evaluations, or would have."""

from collections.abc import Sequence
from dataclasses import dataclass

USUAL_PATIENCE = 5
"""Taken where a run has no early stopping, to say where it would have acted."""

Points = Sequence[tuple[int, float]]
"""(step, value), by step."""


@dataclass(frozen=True)
class Stopping:
    """The best step so far, evaluations since, and the step at which `patience` was spent; `own` is whether
    the run stops by it."""

    patience: int
    own: bool
    best_step: int | None
    since_best: int
    stop_step: int | None

    def words(self, ended: bool) -> str | None:
        """None where there is nothing to say: off, and never spent."""
        if self.stop_step is not None:
            does = "ended it" if self.own else "would have ended it"
            return f"early stopping with patience {self.patience} {does} at step {self.stop_step:,}"
        if self.own and self.best_step is not None and not ended:
            return f"early stopping: {self.since_best} of {counted(self.patience)} without a better one"
        return None


def replay_stopping(accuracy: Points, patience: int, total_steps: int | None) -> Stopping:
    """Early stopping as a training does it: an equal evaluation is no better, and at the last step there is
    nothing to stop. `patience` 0 is off, and gone through with USUAL_PATIENCE."""
    wanted = patience or USUAL_PATIENCE
    best: tuple[int, float] | None = None
    since, stop = 0, None
    for step, value in accuracy:
        if best is None or value > best[1]:
            best, since = (step, value), 0
            continue
        since += 1
        if stop is None and since >= wanted and step != total_steps:
            stop = step
    return Stopping(wanted, patience > 0, best[0] if best else None, since, stop)


def counted(count: int) -> str:
    """1 evaluation, 2 evaluations."""
    return f"{count} evaluation" if count == 1 else f"{count} evaluations"
