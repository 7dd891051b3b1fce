"""Evaluations: one head on one encoder, on test rows.

Test rows are read once, with settings chosen on validation. Accuracies have Wilson's interval; balanced
accuracy and macro-F1 that of a bootstrap of the test galaxies, stratified by class (2,000 draws).
"""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from shared.base.vocabulary import Basis, Head, Split
from shared.base.wire import Wire

FEW_ROWS = 20
"""Classes with fewer test rows are marked as unreliable."""
FEWEST_SEEDS = 3
"""Seeds that a comparison of methods needs."""


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
    (None where empty), expected calibration error; before and after dividing the logits by a temperature
    chosen on validation. For k-NN, log shares of votes replace logits."""

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
    """One head on test rows. `run` is the job that made it, `encoder` the run of its weights, or, at random
    init, of its architecture (None for a supervised training, raw pixels, majority). Confusion matrix:
    counts, rows true, columns predicted."""

    id: str
    run: str
    encoder: str | None
    step: int | None = Field(description="Checkpoint of the encoder.")
    dataset: str = Field(description="Its current name, or its last if it was deleted.")
    dataset_digest: str
    basis: Basis
    head: Head | None = Field(description="None for the majority class.")
    depth: int | None = Field(description="Encoder block of the features, if any.")
    layers: int | None
    pooling: str | None
    label_fraction: float
    seed: int
    estimator: str = Field(description="In words, with the settings chosen on validation.")
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
        description="Test rows whose pixels the encoder was pretrained on; None if unknown."
    )
    notes: list[str] = Field(default_factory=list, description="Caveats.")
    created_at: datetime


class Curve(Wire):
    """A line of at most 200 points, shares of 1, x ascending; both ends are exact."""

    x: list[float]
    y: list[float]


class ClassCurves(Wire):
    """One class against the rest on test rows: `n` and `n_rest` rows; if either is 0, the curves are None.
    `roc` is true- against false-positive rate, `precision_recall` precision against recall."""

    name: str
    n: int
    n_rest: int
    auc: float | None = None
    average_precision: float | None = None
    roc: Curve | None = None
    precision_recall: Curve | None = None


class ThresholdCurves(Wire):
    """Every class against the rest on `n` test rows, from stored probabilities (16 bit); macro is the mean
    over classes with a curve, None if there is none."""

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
        description="The note of a flagged label, possibly empty; None if it is not flagged.",
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
    """Predictions in the requested order, of `total` that pass the filter. `dataset` has their images; if it
    was deleted it is None, and source ids are empty. `flags` counts all flagged labels of the evaluation."""

    evaluation: str
    dataset: str | None
    class_names: list[str]
    total: int
    flags: int = 0
    predictions: list[Prediction]


class Comparison(Wire):
    """Two evaluations on the same test rows (docs/science.md §7): `difference` of accuracy, A − B, with its
    bootstrap interval; McNemar's p on the galaxies that only one got right."""

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
"""Evaluations that are averaged before a comparison, as single ones are noisy."""


class LearningCurve(Wire):
    """Validation accuracy of one classifier, by epoch."""

    run: str
    seed: int
    epochs: list[float]
    accuracy: list[float]


class Lead(Wire):
    """Fine-tuned − from scratch: validation accuracy (mean of the last three evaluations up to `epoch`), mean
    over common seeds, with the interval of a paired t."""

    epoch: float
    difference: float
    ci95: Interval
    shown: bool = Field(description="Whether the interval excludes 0.")


class CatchUp(Wire):
    """When the mean of three evaluations of a fine-tuning first reaches the final one of its twin."""

    seed: int
    epoch: float | None
    twin_accuracy: float


class TwinCurves(Wire):
    """Classifiers of one recipe on one encoder: fine-tuned, and their twins. `reached` needs a common seed
    that has ended, `leads` three."""

    label_fraction: float
    epochs: int
    layer_decay: float | None
    dataset: str | None
    tuned: list[LearningCurve]
    scratch: list[LearningCurve]
    leads: list[Lead]
    reached: list[CatchUp]
    verdict: str
