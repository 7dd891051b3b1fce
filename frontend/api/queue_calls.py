"""Client methods for the queue."""

from frontend.api.connection import Connection
from shared.configs.kinds import Lane
from shared.contract import routes
from shared.contract.launching import Queue, QueueMove


class QueueCalls(Connection):
    """One method per route."""

    def read_queue(self) -> Queue:
        return self._get(Queue, routes.QUEUE)

    def move_run(self, run_id: str, move: QueueMove) -> Queue:
        """Move a waiting run within its lane; returns the new queue."""
        body = move.model_dump(mode="json", exclude_none=True)
        return self._send(Queue, "POST", routes.RUN_MOVE.format(run_id=run_id), body)

    def pause_lane(self, lane: Lane) -> Queue:
        return self._send(Queue, "POST", routes.QUEUE_PAUSE.format(lane=lane))

    def resume_lane(self, lane: Lane) -> Queue:
        return self._send(Queue, "POST", routes.QUEUE_RESUME.format(lane=lane))
