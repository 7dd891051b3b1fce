"""Where early stopping ends a series of evaluations, or would have."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.base.text import plural

USUAL_PATIENCE = 5
"""Used for runs without early stopping, to say where it would have ended them."""

Points = Sequence[tuple[int, float]]
"""(step, value), by step."""


@dataclass(frozen=True)
class Stopping:
    """The step of the best checkpoint so far, evaluations since the first of the highest scores, and the step
    at which `patience` ran out; `own`: the run itself uses early stopping."""

    patience: int
    own: bool
    best_step: int | None
    since_best: int
    stop_step: int | None

    def words(self, ended: bool) -> str | None:
        """None if there is nothing to report: off, and patience never ran out."""
        if self.stop_step is not None:
            does = "ended it" if self.own else "would have ended it"
            return f"early stopping with patience {self.patience} {does} at step {self.stop_step:,}"
        if self.own and self.best_step is not None and not ended:
            evaluations = plural(self.patience, "evaluation")
            return f"early stopping: {self.since_best} of {evaluations} without a better one"
        return None


def replay_stopping(accuracy: Points, patience: int, total_steps: int | None) -> Stopping:
    """Early stopping as in training: an equal evaluation is not better, and at the last step there is nothing
    to stop. `patience` 0 means off; then USUAL_PATIENCE is replayed. The best checkpoint is the last of
    equals, and never that of step 0, which is untrained."""
    allowed = patience or USUAL_PATIENCE
    best: float | None = None
    marked: tuple[int, float] | None = None
    since, stop = 0, None
    for step, value in accuracy:
        if step > 0 and (marked is None or value >= marked[1]):
            marked = step, value
        if best is None or value > best:
            best, since = value, 0
            continue
        since += 1
        if stop is None and since >= allowed and step != total_steps:
            stop = step
    return Stopping(allowed, patience > 0, marked[0] if marked else None, since, stop)
