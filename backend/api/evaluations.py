"""Routes of evaluations and their predictions."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from backend.api.deps import ContextDep
from backend.services.evaluations import TableFormat, WantedPredictions
from backend.services.learning_curves import twin_curves
from shared import routes
from shared.datasets import Split
from shared.evaluations import Comparison, Evaluation, MethodComparison, PredictionOrder, PredictionPage
from shared.learning_curves import TwinCurves

router = APIRouter(tags=["evaluations"])
ClassIndex = Annotated[int | None, Query(ge=0, description="Index of class_names; all where absent.")]
MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


@router.get(routes.EVALUATIONS)
def list_evaluations(
    context: ContextDep,
    encoder: Annotated[str | None, Query(description="Run that was judged; its references too.")] = None,
    run: Annotated[str | None, Query(description="Job that judged.")] = None,
    dataset: str | None = None,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> list[Evaluation]:
    """Newest first."""
    return context.evaluations.list_all(encoder=encoder, run=run, dataset=dataset, limit=limit)


@router.get(routes.EVALUATIONS_COMPARED)
def compare(context: ContextDep, a: str, b: str) -> Comparison:
    """Whether two evaluations differ on the test rows that they share."""
    return context.evaluations.compare(a, b)


@router.get(routes.METHODS_COMPARED)
def compare_methods(
    context: ContextDep,
    a: Annotated[list[str], Query(description="Evaluations of one method, a seed each.")],
    b: Annotated[list[str], Query(description="Those of the other.")],
) -> MethodComparison:
    """Whether one of two methods is better, over the seeds of each."""
    return context.evaluations.compare_methods(a, b)


@router.get(routes.LEARNING_CURVES)
def learning_curves(context: ContextDep, run_id: str) -> list[TwinCurves]:
    """Classifiers trained on the encoder of a run, each recipe beside its twin from random weights."""
    return twin_curves(context.database, run_id)


@router.get(routes.EVALUATION)
def get_evaluation(context: ContextDep, evaluation_id: str) -> Evaluation:
    return context.evaluations.get(evaluation_id)


@router.get(routes.PREDICTIONS)
def browse_predictions(
    context: ContextDep,
    evaluation_id: str,
    true: ClassIndex = None,
    predicted: ClassIndex = None,
    split: Split | None = Split.TEST,
    order: PredictionOrder = PredictionOrder.CONFIDENT,
    seed: Annotated[int, Query(ge=0, description="Of the random order.")] = 0,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 60,
) -> PredictionPage:
    """Galaxies with what was predicted of them."""
    wanted = WantedPredictions(true, predicted, split)
    return context.evaluations.browse(
        evaluation_id, wanted, order=order, seed=seed, offset=offset, limit=limit
    )


@router.get(routes.PREDICTIONS_FILE, response_class=Response)
def predictions_file(context: ContextDep, evaluation_id: str, file_format: TableFormat) -> Response:
    """Every prediction as a table."""
    content = context.evaluations.table(evaluation_id, file_format)
    headers = {"Content-Disposition": f'attachment; filename="{evaluation_id}.{file_format}"'}
    return Response(content, media_type=MEDIA[file_format], headers=headers)
