"""Routes of evaluations and their predictions."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from backend.api.deps import ServicesDep, route, saved_as
from backend.services.datasets.tables import TableFormat
from backend.services.evaluation.evaluations import PredictionFilter
from backend.services.evaluation.learning_curves import twin_curves
from shared.base.vocabulary import Split
from shared.contract import endpoints
from shared.contract.evaluations import (
    Comparison,
    Evaluation,
    MethodComparison,
    PredictionOrder,
    PredictionPage,
    ThresholdCurves,
    TwinCurves,
)

router = APIRouter(tags=["evaluations"])
Share = Annotated[float, Query(ge=0, le=1, description="Probability of the predicted class.")]
ClassIndex = Annotated[int | None, Query(ge=0, description="Index of class_names; all where absent.")]


@route(router, endpoints.LIST_EVALUATIONS)
def list_evaluations(
    services: ServicesDep,
    encoder: Annotated[str | None, Query(description="Run that was evaluated; with its references.")] = None,
    run: Annotated[str | None, Query(description="Job that evaluated.")] = None,
    dataset: str | None = None,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> list[Evaluation]:
    """Newest first."""
    return services.evaluations.list_all(encoder=encoder, run=run, dataset=dataset, limit=limit)


@route(router, endpoints.COMPARE_EVALUATIONS)
def compare(services: ServicesDep, a: str, b: str) -> Comparison:
    """Whether two evaluations differ on their common test rows."""
    return services.evaluations.compare(a, b)


@route(router, endpoints.COMPARE_METHODS)
def compare_methods(
    services: ServicesDep,
    a: Annotated[list[str], Query(description="Evaluations of one method, a seed each.")],
    b: Annotated[list[str], Query(description="Those of the other.")],
) -> MethodComparison:
    """Whether one of two methods is better, over the seeds of each."""
    return services.evaluations.compare_methods(a, b)


@route(router, endpoints.LIST_LEARNING_CURVES)
def learning_curves(services: ServicesDep, run_id: str) -> list[TwinCurves]:
    """Classifiers trained on the encoder of a run, each recipe beside its twin from random weights."""
    return twin_curves(services.database, run_id)


@route(router, endpoints.GET_EVALUATION)
def get_evaluation(services: ServicesDep, evaluation_id: str) -> Evaluation:
    return services.evaluations.get(evaluation_id)


@route(router, endpoints.GET_THRESHOLD_CURVES)
def get_curves(services: ServicesDep, evaluation_id: str) -> ThresholdCurves:
    """ROC and precision–recall of each class against the rest, on test rows."""
    return services.evaluations.curves(evaluation_id)


@route(router, endpoints.LIST_PREDICTIONS)
def browse_predictions(
    services: ServicesDep,
    evaluation_id: str,
    true: ClassIndex = None,
    predicted: ClassIndex = None,
    split: Split | None = Split.TEST,
    flagged_only: Annotated[bool, Query(description="Only galaxies with a flagged label.")] = False,
    confidence_min: Share = 0,
    confidence_max: Share = 1,
    order: PredictionOrder = PredictionOrder.CONFIDENT,
    seed: Annotated[int, Query(ge=0, description="Of the random order.")] = 0,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 60,
) -> PredictionPage:
    """Galaxies with their predictions."""
    only = PredictionFilter(true, predicted, split, flagged_only, confidence_min, confidence_max)
    return services.evaluations.browse(
        evaluation_id, only, order=order, seed=seed, offset=offset, limit=limit
    )


@route(router, endpoints.PREDICTIONS_FILE)
def predictions_file(services: ServicesDep, evaluation_id: str, file_format: TableFormat) -> Response:
    """Every prediction as a table."""
    return saved_as(f"{evaluation_id}.{file_format}", services.evaluations.table(evaluation_id, file_format))
