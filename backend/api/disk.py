"""Routes of the disk: deleting runs, having them back, what can go."""

from fastapi import APIRouter

from backend.api.deps import ServicesDep
from backend.services.runs import disk
from shared.contract import routes
from shared.contract.runs import DeletedRun, DiskUsage, PruneReport, PruneRequest, Run, RunDeletion

router = APIRouter(tags=["disk"])


@router.get(routes.RUN_DELETION)
def preview_deletion(services: ServicesDep, run_id: str) -> RunDeletion:
    """What deleting a run takes away."""
    return disk.preview_deletion(services.database, services.settings, run_id)


@router.delete(routes.RUN)
def delete_run(services: ServicesDep, run_id: str) -> DeletedRun:
    """It can be had back for a day."""
    return disk.delete_run(services.database, services.settings, run_id)


@router.post(routes.RUN_RESTORE)
def restore_run(services: ServicesDep, run_id: str) -> Run:
    """Have a deleted run back."""
    return disk.restore_run(services.database, services.settings, run_id)


@router.get(routes.DISK)
def read_disk(services: ServicesDep) -> DiskUsage:
    return disk.read_disk(services.database, services.settings)


@router.get(routes.PRUNING)
def preview_pruning(services: ServicesDep) -> PruneReport:
    """What ended runs can do without."""
    return disk.preview_pruning(services.database, services.settings)


@router.post(routes.PRUNING)
def prune(services: ServicesDep, request: PruneRequest) -> PruneReport:
    """Remove it; what went."""
    return disk.prune(services.database, services.settings, request.runs)
