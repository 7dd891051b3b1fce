"""From predictions on test rows to the summary of an evaluation."""

from typing import Any

from backend.stats.calibration import calibration
from backend.stats.predictions import Predictions
from backend.stats.scores import (
    Counts,
    accuracy,
    balanced_accuracy,
    bootstrap,
    class_scores,
    confusion_matrix,
    interval,
    macro_f1,
    top2_accuracy,
    wilson,
)  # fmt: skip
from shared.base.vocabulary import Basis
from shared.contract.evaluations import Evaluation


def judge(
    facts: dict[str, Any], class_names: list[str], n_train: Counts, test: Predictions, val: Predictions
) -> Evaluation:
    """An Evaluation with the fields `facts`, which predictions do not determine; `n_train` (K,) labels were
    trained on. Validation rows only set the temperature."""
    matrix = confusion_matrix(test.true, test.predicted, len(class_names))
    drawn = bootstrap(matrix)
    own = facts["basis"] is not Basis.MAJORITY
    return Evaluation(
        **facts,
        class_names=class_names,
        n_train=int(n_train.sum()),
        n=len(test.true),
        accuracy=float(accuracy(matrix)),
        accuracy_ci95=wilson(int(matrix.trace()), len(test.true)),
        balanced_accuracy=float(balanced_accuracy(matrix)),
        balanced_accuracy_ci95=interval(balanced_accuracy(drawn)),
        macro_f1=float(macro_f1(matrix)),
        macro_f1_ci95=interval(macro_f1(drawn)),
        top2_accuracy=top2_accuracy(test.true, test.probabilities),
        val_accuracy=float((val.predicted == val.true).mean()),
        confusion_matrix=matrix.tolist(),
        classes=class_scores(matrix, class_names, n_train),
        calibration=calibration(test.true, test.probabilities, val.true, val.probabilities) if own else None,
    )
