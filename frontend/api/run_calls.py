"""Client methods for run labels and worker requests."""

from frontend.api.connection import Connection
from shared.contract import routes
from shared.contract.runs import Run, RunChange, RunLabels, WorkerRequest


class RunCalls(Connection):
    """One method per route."""

    def change_run(self, run_id: str, change: RunChange) -> Run:
        """Rename, tag, annotate or archive a run."""
        body = change.model_dump(mode="json", exclude_none=True)
        return self._send(Run, "PATCH", routes.RUN.format(run_id=run_id), body)

    def read_labels(self) -> RunLabels:
        return self._get(RunLabels, routes.LABELS)

    def checkpoint_now(self, run_id: str) -> WorkerRequest:
        return self._send(WorkerRequest, "POST", routes.RUN_CHECKPOINT_NOW.format(run_id=run_id))

    def sample_now(self, run_id: str) -> WorkerRequest:
        return self._send(WorkerRequest, "POST", routes.RUN_SAMPLE_NOW.format(run_id=run_id))
