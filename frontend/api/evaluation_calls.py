"""Client methods for evaluations."""

from collections.abc import Sequence

from frontend.api.connection import Connection
from shared.base.vocabulary import Split
from shared.contract import routes
from shared.contract.evaluations import (
    Comparison,
    Evaluation,
    MethodComparison,
    PredictionOrder,
    PredictionPage,
    ThresholdCurves,
    TwinCurves,
)


class EvaluationCalls(Connection):
    """One method per route."""

    def list_evaluations(
        self, *, encoder: str | None = None, run: str | None = None, dataset: str | None = None
    ) -> list[Evaluation]:
        """Newest first; with `encoder`, including the references of its jobs."""
        query = {"encoder": encoder, "run": run, "dataset": dataset}
        return self._get(list[Evaluation], routes.EVALUATIONS, query)

    def get_evaluation(self, evaluation_id: str) -> Evaluation:
        return self._get(Evaluation, routes.EVALUATION.format(evaluation_id=evaluation_id))

    def get_threshold_curves(self, evaluation_id: str) -> ThresholdCurves:
        """One-vs-rest curves of each class on test rows."""
        return self._get(ThresholdCurves, routes.EVALUATION_CURVES.format(evaluation_id=evaluation_id))

    def list_predictions(
        self,
        evaluation_id: str,
        *,
        true: int | None = None,
        predicted: int | None = None,
        split: Split = Split.TEST,
        flagged_only: bool = False,
        confidence_min: float | None = None,
        confidence_max: float | None = None,
        order: PredictionOrder = PredictionOrder.CONFIDENT,
        seed: int | None = None,
        offset: int = 0,
        limit: int = 60,
    ) -> PredictionPage:
        """Galaxies of one cell of the confusion matrix, or of all; classes are indices into class_names."""
        query = {
            "true": true,
            "predicted": predicted,
            "split": split,
            "flagged_only": flagged_only or None,
            "confidence_min": confidence_min,
            "confidence_max": confidence_max,
            "order": order,
            "seed": seed,
            "offset": offset,
            "limit": limit,
        }
        path = routes.PREDICTIONS.format(evaluation_id=evaluation_id)
        return self._get(PredictionPage, path, query)

    def get_predictions_file(self, evaluation_id: str, file_format: str) -> bytes:
        """All predictions as csv or parquet."""
        path = routes.PREDICTIONS_FILE.format(evaluation_id=evaluation_id, file_format=file_format)
        return self._answer("GET", path).content

    def compare_evaluations(self, a: str, b: str) -> Comparison:
        return self._get(Comparison, routes.EVALUATIONS_COMPARED, {"a": a, "b": b})

    def compare_methods(self, a: Sequence[str], b: Sequence[str]) -> MethodComparison:
        """Compare two methods by the ids of their evaluations, three seeds or more each."""
        return self._get(MethodComparison, routes.METHODS_COMPARED, {"a": list(a), "b": list(b)})

    def list_learning_curves(self, encoder: str) -> list[TwinCurves]:
        """Classifiers trained on the encoder of a run, with their twins from random weights."""
        return self._get(list[TwinCurves], routes.LEARNING_CURVES.format(run_id=encoder))
