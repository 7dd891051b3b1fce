"""Routes of the disk: deleting runs, having them back, what can go."""

from fastapi import APIRouter

from backend.api.deps import ContextDep
from backend.services.runs import deletion, pruning
from shared.contract import routes
from shared.contract.runs import DeletedRun, Disk, PruneRequest, Pruning, Run, RunDeletion

router = APIRouter(tags=["disk"])


@router.get(routes.RUN_DELETION)
def preview_deletion(context: ContextDep, run_id: str) -> RunDeletion:
    """What deleting a run takes away."""
    return deletion.preview_deletion(context.database, context.settings, run_id)


@router.delete(routes.RUN)
def delete_run(context: ContextDep, run_id: str) -> DeletedRun:
    """It can be had back for a day."""
    return deletion.delete_run(context.database, context.settings, run_id)


@router.post(routes.RUN_RESTORE)
def restore_run(context: ContextDep, run_id: str) -> Run:
    """Have a deleted run back."""
    return deletion.restore_run(context.database, context.settings, run_id)


@router.get(routes.DISK)
def read_disk(context: ContextDep) -> Disk:
    return deletion.read_disk(context.database, context.settings)


@router.get(routes.PRUNING)
def preview_pruning(context: ContextDep) -> Pruning:
    """What ended runs can do without."""
    return pruning.preview_pruning(context.database, context.settings)


@router.post(routes.PRUNING)
def prune(context: ContextDep, request: PruneRequest) -> Pruning:
    """Remove it; what went."""
    return pruning.prune(context.database, context.settings, request.runs)
