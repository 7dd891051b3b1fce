"""Client methods for the disk space of runs."""

from collections.abc import Sequence

from frontend.connection import Connection
from shared.contract import routes
from shared.contract.runs import DeletedRun, Disk, PruneRequest, Pruning, Run, RunDeletion


class DiskCalls(Connection):
    """One method per route."""

    def preview_run_deletion(self, run_id: str) -> RunDeletion:
        return self._get(RunDeletion, routes.RUN_DELETION.format(run_id=run_id))

    def delete_run(self, run_id: str) -> DeletedRun:
        """Move a run to the trash; it can be restored until `gone_at`."""
        return self._send(DeletedRun, "DELETE", routes.RUN.format(run_id=run_id))

    def restore_run(self, run_id: str) -> Run:
        return self._send(Run, "POST", routes.RUN_RESTORE.format(run_id=run_id))

    def read_disk(self) -> Disk:
        return self._get(Disk, routes.DISK)

    def preview_pruning(self) -> Pruning:
        """What pruning would remove from finished runs."""
        return self._get(Pruning, routes.PRUNING)

    def prune(self, runs: Sequence[str]) -> Pruning:
        """Prune these runs; returns what was removed."""
        body = PruneRequest(runs=list(runs)).model_dump(mode="json")
        return self._send(Pruning, "POST", routes.PRUNING, body)
