"""What the evaluations of a training say of its course, in words and with the reason."""

from enum import StrEnum

from pydantic import Field

from shared.runs import RunKind, Wire

KNN, LINEAR, CLASSIFIER = "val/knn_accuracy", "val/linear_accuracy", "val/balanced_accuracy"


class Trend(StrEnum):
    """Of validation accuracy over evaluations; `collapsing` is of the features."""

    IMPROVING = "improving"
    FLAT = "flat"
    WORSENING = "worsening"
    COLLAPSING = "collapsing"
    TOO_EARLY = "too early"
    UNLABELLED = "unlabelled"


class Verdict(Wire):
    """Whether a training still learns; backend.stats.trend has the rule."""

    state: Trend
    sentence: str
    evaluations: int = Field(
        description="For how many evaluations that has been so; 0 where nothing is said."
    )
    threshold: float | None = Field(description="Share by which accuracy must change to count.")
    judged_by: str | None = Field(description="Key of the accuracy that was judged.")
    best_step: int | None
    patience: int = Field(description="Of early stopping: the run's own, or a usual one where it has none.")
    would_stop_at_step: int | None = Field(
        description="Evaluation at which that patience was spent; None where it was not."
    )
    stopping: str | None = Field(description="Where early stopping acted or would have, in words.")
    ended: bool = Field(description="Whether no further evaluation will come.")


def judged_key(kind: RunKind, online_probe: str | None) -> str:
    """The accuracy that best checkpoint and early stopping of a training go by."""
    if kind is not RunKind.PRETRAIN:
        return CLASSIFIER
    return KNN if online_probe == "off" else LINEAR
