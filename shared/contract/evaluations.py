"""How well a classifier does: what an evaluation says of one head on one encoder.

An evaluation is on test rows, read once, for settings that validation chose. Accuracies carry Wilson's
interval; balanced accuracy and macro-F1 that of a bootstrap of the test galaxies, stratified by class
(2,000 draws).
"""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from shared.base.vocabulary import Basis, Head, Split
from shared.base.wire import Wire

FEW_ROWS = 20
"""Classes with fewer test rows are marked: their figures say little."""
FEWEST_SEEDS = 3
"""Of a method, before anything is said of it."""


class Interval(Wire):
    """A 95 % interval, shares of 1."""

    low: float
    high: float


class ClassScore(Wire):
    """One class on test rows: None where undefined; `few` marks fewer than FEW_ROWS."""

    name: str
    n_train: int
    n: int
    precision: float | None
    recall: float | None
    f1: float | None
    few: bool


class DepthPoint(Wire):
    """Validation accuracy of a linear probe on one depth and pooling."""

    depth: int
    pooling: str
    accuracy: float
    balanced_accuracy: float


class Calibration(Wire):
    """Reliability on test rows in ten even bins of confidence: counts, mean confidence and accuracy a bin
    (None where empty), expected calibration error; before and after division of the logits by the
    temperature that validation chose. k-NN votes have no logits: their log shares stand for them."""

    temperature: float
    counts: list[int]
    confidences: list[float | None]
    accuracies: list[float | None]
    ece: float
    scaled_counts: list[int]
    scaled_confidences: list[float | None]
    scaled_accuracies: list[float | None]
    scaled_ece: float


class Evaluation(Wire):
    """One head on test rows. `run` is the job that made it, `encoder` the run whose weights it read, or, at
    random init, whose architecture (None for a supervised training, raw pixels, majority). Confusion matrix:
    rows true, columns predicted, counts."""

    id: str
    run: str
    encoder: str | None
    step: int | None = Field(description="Checkpoint of the encoder.")
    dataset: str = Field(description="Its name now, or then where it is gone.")
    dataset_digest: str
    basis: Basis
    head: Head | None = Field(description="None for the majority class.")
    depth: int | None = Field(description="Encoder block whose features were read; None where none was.")
    layers: int | None
    pooling: str | None
    label_fraction: float
    seed: int
    estimator: str = Field(description="In words, with what validation chose.")
    class_names: list[str]
    n_train: int
    n: int
    accuracy: float
    accuracy_ci95: Interval
    balanced_accuracy: float
    balanced_accuracy_ci95: Interval
    macro_f1: float
    macro_f1_ci95: Interval
    top2_accuracy: float | None = Field(description="None for fewer than three classes.")
    val_accuracy: float
    confusion_matrix: list[list[int]]
    classes: list[ClassScore]
    calibration: Calibration | None
    depth_curve: list[DepthPoint] = Field(default_factory=list)
    seen_in_pretraining: int | None = Field(
        description="Test rows whose pixels the encoder was pretrained on; None where that is not known."
    )
    notes: list[str] = Field(default_factory=list, description="What a reader of the figures should know.")
    created_at: datetime


class Curve(Wire):
    """A line of at most 200 points, shares of 1, x rising; both ends are exact."""

    x: list[float]
    y: list[float]


class ClassCurves(Wire):
    """One class against the rest on test rows: `n` are of it, `n_rest` are not. Where either is 0 there is
    nothing to tell apart, and the rest is None. `roc` is true- against false-positive rate,
    `precision_recall` precision against recall."""

    name: str
    n: int
    n_rest: int
    auc: float | None = None
    average_precision: float | None = None
    roc: Curve | None = None
    precision_recall: Curve | None = None


class ThresholdCurves(Wire):
    """Every class of an evaluation against the rest, on its `n` test rows, from probabilities as they are
    kept (16 bit); macro is the mean over the classes that have a curve, None where none has."""

    n: int
    classes: list[ClassCurves]
    macro_auc: float | None
    macro_average_precision: float | None
    macro_roc: Curve | None
    macro_precision_recall: Curve | None


class Prediction(Wire):
    """One row of an evaluation; `probabilities` by class, in the order of class_names."""

    row: int
    source_id: str
    ra: float | None = Field(None, description="deg")
    dec: float | None = Field(None, description="deg")
    split: Split
    true: int
    predicted: int
    confidence: float
    probabilities: list[float]
    flag: str | None = Field(
        None,
        description="What was noted where the label is flagged as doubtful, maybe nothing; None: no flag.",
    )


class PredictionOrder(StrEnum):
    """`confident` and `uncertain` by the probability of the predicted class; `best` and `worst` by that of
    the true one; `random` by a seed; `row` as in the file."""

    CONFIDENT = "confident"
    UNCERTAIN = "uncertain"
    BEST = "best"
    WORST = "worst"
    RANDOM = "random"
    ROW = "row"


class PredictionPage(Wire):
    """Some predictions of an evaluation, in the order asked for, of `total` that pass. `dataset` is where
    their pictures are, None where it is gone; then source ids are empty. `flags` of all its labels are
    flagged as doubtful."""

    evaluation: str
    dataset: str | None
    class_names: list[str]
    total: int
    flags: int = 0
    predictions: list[Prediction]


class Comparison(Wire):
    """Two evaluations on the same test rows in words that follow the evidence (docs/science.md §7):
    `difference` of accuracy, A − B, with its bootstrap interval; McNemar's p on the galaxies that one alone
    got right."""

    a: str
    b: str
    n: int
    difference: float
    difference_ci95: Interval
    only_a_right: int
    only_b_right: int
    p: float
    verdict: str


class MethodComparison(Wire):
    """Two methods, each over its seeds, on the same test rows (docs/science.md §7): `difference` of mean
    accuracy, A − B, with its t interval over seeds; `paired` where both sides have the same seeds,
    else Welch's. `a` and `b` are ids of evaluations."""

    a: list[str]
    b: list[str]
    seeds_a: int
    seeds_b: int
    difference: float
    difference_ci95: Interval
    p: float
    paired: bool
    verdict: str


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


class CatchUp(Wire):
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
    reached: list[CatchUp]
    verdict: str
