"""Routes of what stands before a launch: its cost, its first batch."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import ValidationError

from backend.api.deps import ContextDep
from backend.errors import InvalidInputError
from backend.services.first_batch import first_batch_png
from backend.services.launch import estimate_launch
from shared import routes
from shared.launch import Estimate
from shared.runs import RunRequest

router = APIRouter(tags=["launch"])


@router.post(routes.LAUNCH_ESTIMATE)
def estimate(context: ContextDep, request: RunRequest) -> Estimate:
    """What the launch would cost and when it would start; nothing is queued."""
    return estimate_launch(context.database, context.settings, request)


@router.get(routes.FIRST_BATCH, response_class=Response)
def first_batch(
    context: ContextDep, request: Annotated[str, Query(description="A RunRequest as JSON.")]
) -> Response:
    """The first images of the first step of that run: original, augmented, masked; 8 columns by 3 rows."""
    try:
        wanted = RunRequest.model_validate_json(request)
    except ValidationError as error:
        fault = error.errors()[0]
        raise InvalidInputError("invalid_request", f"request: {fault['msg']}", "request") from None
    png = first_batch_png(context.datasets, wanted)
    return Response(png, media_type="image/png", headers={"Cache-Control": "private, max-age=300"})
