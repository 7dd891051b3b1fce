"""Fine-tuning against the same training from random weights, epoch by epoch."""

from pydantic import Field

from shared.evaluations import Interval
from shared.runs import Wire

SMOOTHED_OVER = 3
"""Evaluations whose mean is held against another's: single ones are noisy."""


class LearningCurve(Wire):
    """Accuracy on validation rows of one classifier, by rising epoch."""

    run: str
    seed: int
    epochs: list[float]
    accuracy: list[float]


class Lead(Wire):
    """Fine-tuned − from scratch, mean over the seeds that both have, of accuracy on validation rows (the mean
    of the last three evaluations up to `epoch`); its interval is that of a paired t over these seeds."""

    epoch: float
    difference: float
    ci95: Interval
    shown: bool = Field(description="Whether the interval leaves 0 out.")


class Reached(Wire):
    """When a fine-tuning's mean of three evaluations first comes up to where the twin of its seed ended."""

    seed: int
    epoch: float | None
    twin_accuracy: float


class TwinCurves(Wire):
    """Classifiers of one recipe on one encoder: fine-tuned, and their twins. `leads` and `reached` are empty
    where no two seeds are the same and ended, `leads` where fewer than three are."""

    label_fraction: float
    epochs: int
    layer_decay: float | None
    dataset: str | None
    tuned: list[LearningCurve]
    scratch: list[LearningCurve]
    leads: list[Lead]
    reached: list[Reached]
    verdict: str
