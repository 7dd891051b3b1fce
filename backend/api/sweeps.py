"""Routes of sweeps."""

from typing import Annotated

from fastapi import APIRouter, Query

from backend.api.deps import ServicesDep
from shared.contract import routes
from shared.contract.sweeps import SweepLaunch, SweepPlan, SweepReport, SweepSpec, SweepSummary

router = APIRouter(tags=["sweeps"])
WITHIN_S = 5.0
"""So that nobody who waits gives up: hundreds of runs take longer to queue than a request may."""


@router.get(routes.SWEEPS)
def list_sweeps(
    services: ServicesDep, run: Annotated[str | None, Query(description="Those that hold it.")] = None
) -> list[SweepSummary]:
    """Newest first."""
    return services.sweeps.list_sweeps(run)


@router.post(routes.SWEEP_PLAN)
def plan(services: ServicesDep, spec: SweepSpec) -> SweepPlan:
    """What a launch would queue, and what that costs; nothing is queued."""
    return services.sweeps.plan(spec)


@router.post(routes.SWEEPS, status_code=201)
def launch(services: ServicesDep, asked: SweepLaunch) -> SweepReport:
    """Queue what of it is not there, as much as can be within seconds: while some is missing, ask again."""
    return services.sweeps.launch(asked, WITHIN_S)


@router.get(routes.SWEEP)
def report(services: ServicesDep, sweep_id: str) -> SweepReport:
    """A sweep as it stands."""
    return services.sweeps.report(sweep_id)


@router.post(routes.SWEEP_STOP)
def stop(services: ServicesDep, sweep_id: str) -> SweepReport:
    """Ask all of it that has not ended to end."""
    return services.sweeps.stop(sweep_id)


@router.post(routes.SWEEP_RETRY)
def retry(services: ServicesDep, sweep_id: str) -> SweepReport:
    """Queue anew what failed, was stopped by hand or is not there, as much as can be within seconds."""
    return services.sweeps.retry(sweep_id, WITHIN_S)
