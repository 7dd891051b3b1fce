"""Client methods for the disk space of runs."""

from collections.abc import Sequence

from frontend.api.connection import Connection
from shared.contract import routes
from shared.contract.runs import DeletedRun, DiskUsage, PruneReport, PruneRequest, Run, RunDeletion


class DiskCalls(Connection):
    """One method per route."""

    def preview_run_deletion(self, run_id: str) -> RunDeletion:
        return self._get(RunDeletion, routes.RUN_DELETION.format(run_id=run_id))

    def delete_run(self, run_id: str) -> DeletedRun:
        """Move a run to the trash; it can be restored until `gone_at`."""
        return self._send(DeletedRun, "DELETE", routes.RUN.format(run_id=run_id))

    def restore_run(self, run_id: str) -> Run:
        return self._send(Run, "POST", routes.RUN_RESTORE.format(run_id=run_id))

    def read_disk(self) -> DiskUsage:
        return self._get(DiskUsage, routes.DISK)

    def preview_pruning(self) -> PruneReport:
        """What pruning would remove from finished runs."""
        return self._get(PruneReport, routes.PRUNING)

    def prune(self, runs: Sequence[str]) -> PruneReport:
        """Prune these runs; returns what was removed."""
        body = PruneRequest(runs=list(runs)).model_dump(mode="json")
        return self._send(PruneReport, "POST", routes.PRUNING, body)
