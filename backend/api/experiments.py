"""Routes of suites and sweeps."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from backend.api.deps import ServicesDep, saved_as
from backend.services.experiments.suite_files import report_html, report_markdown
from shared.contract import routes
from shared.contract.suites import SuiteInfo, SuiteReport, SuiteRequest, SuiteScale
from shared.contract.sweeps import SweepLaunch, SweepPlan, SweepReport, SweepSpec, SweepSummary
from shared.planning.suite_texts import SUITES

router = APIRouter(tags=["experiments"])
Dataset = Annotated[str, Query(description="Labelled dataset of all its runs.")]
Seeds = Annotated[int, Query(description="Of each row; three or more decide claims.")]


@router.get(routes.SUITES)
def list_suites() -> list[SuiteInfo]:
    """The report's comparisons, then those beyond it."""
    return list(SUITES.values())


@router.get(routes.SUITE_REPORT)
def report_suite(
    services: ServicesDep, key: str, dataset: Dataset, scale: SuiteScale = SuiteScale.LAPTOP, seeds: Seeds = 3
) -> SuiteReport:
    """A suite as it stands."""
    return services.suites.report(key, scale, dataset, seeds)


@router.post(routes.SUITE_LAUNCH)
def launch_suite(services: ServicesDep, key: str, request: SuiteRequest) -> SuiteReport:
    """Queue its missing runs."""
    return services.suites.launch(key, request.scale, request.dataset, request.seeds)


@router.post(routes.SUITE_STOP)
def stop_suite(services: ServicesDep, key: str, request: SuiteRequest) -> SuiteReport:
    """Stop its active runs."""
    return services.suites.stop(key, request.scale, request.dataset, request.seeds)


@router.get(routes.SUITE_FILE, response_class=Response)
def report_file(
    services: ServicesDep,
    key: str,
    file_format: Literal["html", "md"],
    dataset: Dataset,
    scale: SuiteScale = SuiteScale.LAPTOP,
    seeds: Seeds = 3,
) -> Response:
    """The report as a self-contained file."""
    found = services.suites.report(key, scale, dataset, seeds)
    content = report_html(found) if file_format == "html" else report_markdown(found)
    return saved_as(f"galaxyscope-{key}-{dataset}-{scale.value}.{file_format}", content)


WITHIN_S = 5.0
"""Queueing hundreds of runs takes longer than a request may; clients repeat it while some are missing."""


@router.get(routes.SWEEPS)
def list_sweeps(
    services: ServicesDep, run: Annotated[str | None, Query(description="Sweeps that contain it.")] = None
) -> list[SweepSummary]:
    """Newest first."""
    return services.sweeps.list_sweeps(run)


@router.post(routes.SWEEP_PLAN)
def plan_sweep(services: ServicesDep, spec: SweepSpec) -> SweepPlan:
    """What a launch would queue, and its cost; nothing is queued."""
    return services.sweeps.plan(spec)


@router.post(routes.SWEEPS, status_code=201)
def launch_sweep(services: ServicesDep, request: SweepLaunch) -> SweepReport:
    """Queue missing runs, as many as fit WITHIN_S; repeat while some are missing."""
    return services.sweeps.launch(request, WITHIN_S)


@router.get(routes.SWEEP)
def report_sweep(services: ServicesDep, sweep_id: str) -> SweepReport:
    """A sweep as it stands."""
    return services.sweeps.report(sweep_id)


@router.post(routes.SWEEP_STOP)
def stop_sweep(services: ServicesDep, sweep_id: str) -> SweepReport:
    """Stop its active runs."""
    return services.sweeps.stop(sweep_id)


@router.post(routes.SWEEP_RETRY)
def retry_sweep(services: ServicesDep, sweep_id: str) -> SweepReport:
    """Queue again what failed, was stopped by hand or is missing, as many as fit WITHIN_S."""
    return services.sweeps.retry(sweep_id, WITHIN_S)
