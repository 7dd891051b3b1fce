"""Routes of sweeps."""

from typing import Annotated

from fastapi import APIRouter, Query

from backend.api.deps import ContextDep
from shared.contract import routes
from shared.contract.sweeps import SweepLaunch, SweepPlan, SweepReport, SweepSpec, SweepSummary

router = APIRouter(tags=["sweeps"])
WITHIN_S = 5.0
"""So that nobody who waits gives up: hundreds of runs take longer to queue than a request may."""


@router.get(routes.SWEEPS)
def list_sweeps(
    context: ContextDep, run: Annotated[str | None, Query(description="Those that hold it.")] = None
) -> list[SweepSummary]:
    """Newest first."""
    return context.sweeps.list_sweeps(run)


@router.post(routes.SWEEP_PLAN)
def plan(context: ContextDep, spec: SweepSpec) -> SweepPlan:
    """What a launch would queue, and what that costs; nothing is queued."""
    return context.sweeps.plan(spec, context.settings.import_roots)


@router.post(routes.SWEEPS, status_code=201)
def launch(context: ContextDep, asked: SweepLaunch) -> SweepReport:
    """Queue what of it is not there, as much as can be within seconds: while some is missing, ask again."""
    return context.sweeps.launch(asked, context.settings.import_roots, WITHIN_S)


@router.get(routes.SWEEP)
def report(context: ContextDep, sweep_id: str) -> SweepReport:
    """A sweep as it stands."""
    return context.sweeps.report(sweep_id)


@router.post(routes.SWEEP_STOP)
def stop(context: ContextDep, sweep_id: str) -> SweepReport:
    """Ask all of it that has not ended to end."""
    return context.sweeps.stop(sweep_id)


@router.post(routes.SWEEP_RETRY)
def retry(context: ContextDep, sweep_id: str) -> SweepReport:
    """Queue anew what failed, was stopped by hand or is not there, as much as can be within seconds."""
    return context.sweeps.retry(sweep_id, context.settings.import_roots, WITHIN_S)
