"""Routes of a launch (cost, first batch) and of the queue."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from backend.api.deps import ServicesDep, parsed, route
from backend.services.launching.estimate import estimate_launch, first_batch_png
from backend.services.runs import queue
from shared.configs.kinds import Lane
from shared.contract import endpoints
from shared.contract.launching import Estimate, Queue, QueueMove
from shared.contract.runs import RunRequest

router = APIRouter(tags=["launching"])


@route(router, endpoints.ESTIMATE_LAUNCH)
def estimate(services: ServicesDep, request: RunRequest) -> Estimate:
    """What the launch would cost and when it would start; nothing is queued."""
    return estimate_launch(services.database, services.settings, request)


@route(router, endpoints.FIRST_BATCH)
def first_batch(
    services: ServicesDep, request: Annotated[str, Query(description="A RunRequest as JSON.")]
) -> Response:
    """The first images of the first step of that run: original, augmented, masked; 8 columns by 3 rows."""
    png = first_batch_png(services.datasets, parsed(request, RunRequest))
    return Response(png, media_type="image/png", headers={"Cache-Control": "private, max-age=300"})


@route(router, endpoints.GET_QUEUE)
def read_queue(services: ServicesDep) -> Queue:
    """Every lane: the active run, when waiting ones start, and whether it is paused."""
    return queue.read_queue(services.database)


@route(router, endpoints.MOVE_RUN)
def move_run(services: ServicesDep, run_id: str, move: QueueMove) -> Queue:
    """Move a waiting run up, down or to the top of its lane; 409 if it was moved in the meantime."""
    return queue.move_run(services.database, run_id, move)


@route(router, endpoints.PAUSE_LANE)
def pause_lane(services: ServicesDep, lane: Lane) -> Queue:
    return queue.pause_lane(services.database, lane)


@route(router, endpoints.RESUME_LANE)
def resume_lane(services: ServicesDep, lane: Lane) -> Queue:
    return queue.resume_lane(services.database, lane)
