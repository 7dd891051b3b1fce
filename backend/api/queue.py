"""Routes of the queue."""

from fastapi import APIRouter

from backend.api.deps import ContextDep
from backend.services import queue
from shared import routes
from shared.queue import Queue, QueueMove
from shared.runs import Lane

router = APIRouter(tags=["queue"])


@router.get(routes.QUEUE)
def read_queue(context: ContextDep) -> Queue:
    """Every lane: what is at work, what waits, from when, and whether it is paused."""
    return queue.read_queue(context.database)


@router.post(routes.RUN_MOVE)
def move_run(context: ContextDep, run_id: str, move: QueueMove) -> Queue:
    """Move a waiting run up, down or to the top of its lane; 409 where somebody else was quicker."""
    return queue.move_run(context.database, run_id, move)


@router.post(routes.QUEUE_PAUSE)
def pause_lane(context: ContextDep, lane: Lane) -> Queue:
    return queue.pause_lane(context.database, lane)


@router.post(routes.QUEUE_RESUME)
def resume_lane(context: ContextDep, lane: Lane) -> Queue:
    return queue.resume_lane(context.database, lane)
