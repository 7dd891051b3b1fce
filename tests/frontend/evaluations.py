"""Evaluations as the API sends them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.base.vocabulary import Basis, Head
from shared.contract.evaluations import ClassScore, Evaluation, Interval

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
MATRIX = [[6, 1, 1], [2, 4, 2], [0, 1, 3]]


def make_evaluation(name: str, *, hours: float = 0, **changes: Any) -> Evaluation:
    """Thirteen of twenty right in three classes by a linear probe; `hours` after noon."""
    values: dict[str, Any] = {
        "id": name,
        "run": "job-1",
        "encoder": "spiral-1",
        "step": 40,
        "dataset": "sky",
        "dataset_digest": "d" * 64,
        "basis": Basis.ENCODER,
        "head": Head.LINEAR,
        "depth": 4,
        "layers": 6,
        "pooling": "mean",
        "label_fraction": 1.0,
        "seed": 0,
        "estimator": "multinomial L-BFGS",
        "class_names": ["round", "edge-on", "merging"],
        "n_train": 160,
        "n": 20,
        "accuracy": 0.65,
        "accuracy_ci95": Interval(low=0.4329, high=0.8188),
        "balanced_accuracy": 2 / 3,
        "balanced_accuracy_ci95": Interval(low=0.5, high=0.8),
        "macro_f1": 0.64,
        "macro_f1_ci95": Interval(low=0.45, high=0.79),
        "top2_accuracy": 0.9,
        "val_accuracy": 0.7,
        "confusion_matrix": MATRIX,
        "classes": [score("round", 8), score("edge-on", 25), score("merging", 4)],
        "calibration": None,
        "seen_in_pretraining": 0,
        "created_at": NOON + timedelta(hours=hours),
    }
    return Evaluation.model_validate(values | changes)


def score(name: str, n: int) -> ClassScore:
    return ClassScore(name=name, n_train=8 * n, n=n, precision=0.75, recall=None, f1=0.6, few=n < 20)
