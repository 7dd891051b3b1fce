"""Routes of a launch (cost, first batch) and of the queue."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import ValidationError

from backend.api.deps import ServicesDep
from backend.errors import InvalidInputError
from backend.services.launching.estimate import estimate_launch, first_batch_png
from backend.services.runs import queue
from shared.configs.kinds import Lane
from shared.contract import routes
from shared.contract.launching import Estimate, Queue, QueueMove
from shared.contract.runs import RunRequest

router = APIRouter(tags=["launching"])


@router.post(routes.LAUNCH_ESTIMATE)
def estimate(services: ServicesDep, request: RunRequest) -> Estimate:
    """What the launch would cost and when it would start; nothing is queued."""
    return estimate_launch(services.database, services.settings, request)


@router.get(routes.FIRST_BATCH, response_class=Response)
def first_batch(
    services: ServicesDep, request: Annotated[str, Query(description="A RunRequest as JSON.")]
) -> Response:
    """The first images of the first step of that run: original, augmented, masked; 8 columns by 3 rows."""
    try:
        run_request = RunRequest.model_validate_json(request)
    except ValidationError as error:
        fault = error.errors()[0]
        raise InvalidInputError("invalid_request", f"request: {fault['msg']}", "request") from None
    png = first_batch_png(services.datasets, run_request)
    return Response(png, media_type="image/png", headers={"Cache-Control": "private, max-age=300"})


@router.get(routes.QUEUE)
def read_queue(services: ServicesDep) -> Queue:
    """Every lane: the active run, when waiting ones start, and whether it is paused."""
    return queue.read_queue(services.database)


@router.post(routes.RUN_MOVE)
def move_run(services: ServicesDep, run_id: str, move: QueueMove) -> Queue:
    """Move a waiting run up, down or to the top of its lane; 409 if it was moved in the meantime."""
    return queue.move_run(services.database, run_id, move)


@router.post(routes.QUEUE_PAUSE)
def pause_lane(services: ServicesDep, lane: Lane) -> Queue:
    return queue.pause_lane(services.database, lane)


@router.post(routes.QUEUE_RESUME)
def resume_lane(services: ServicesDep, lane: Lane) -> Queue:
    return queue.resume_lane(services.database, lane)
