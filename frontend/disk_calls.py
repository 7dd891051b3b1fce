"""The disk that runs take, as the client asks for it."""

from collections.abc import Sequence

from frontend.connection import Connection
from shared.contract import routes
from shared.contract.runs import DeletedRun, Disk, PruneRequest, Pruning, Run, RunDeletion


class DiskCalls(Connection):
    """One method a route of the disk."""

    def preview_run_deletion(self, run_id: str) -> RunDeletion:
        return self._get(RunDeletion, routes.RUN_DELETION.format(run_id=run_id))

    def delete_run(self, run_id: str) -> DeletedRun:
        """It can be had back until `gone_at`."""
        return self._send(DeletedRun, "DELETE", routes.RUN.format(run_id=run_id))

    def restore_run(self, run_id: str) -> Run:
        return self._send(Run, "POST", routes.RUN_RESTORE.format(run_id=run_id))

    def read_disk(self) -> Disk:
        return self._get(Disk, routes.DISK)

    def preview_pruning(self) -> Pruning:
        """What ended runs can do without."""
        return self._get(Pruning, routes.PRUNING)

    def prune(self, runs: Sequence[str]) -> Pruning:
        """Remove it, of these runs; what went."""
        body = PruneRequest(runs=list(runs)).model_dump(mode="json")
        return self._send(Pruning, "POST", routes.PRUNING, body)
