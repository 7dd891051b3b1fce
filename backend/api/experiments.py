"""Routes of suites and sweeps."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from backend.api.deps import ServicesDep, route, saved_as
from backend.services.experiments.suite_files import report_text
from shared.contract import endpoints
from shared.contract.suites import SuiteInfo, SuiteReport, SuiteRequest, SuiteScale
from shared.contract.sweeps import SweepLaunch, SweepPlan, SweepReport, SweepSpec, SweepSummary
from shared.planning.suite_texts import SUITES

router = APIRouter(tags=["experiments"])
Dataset = Annotated[str, Query(description="Labelled dataset of all its runs.")]
Seeds = Annotated[int, Query(description="Of each row; three or more decide claims.")]


@route(router, endpoints.LIST_SUITES)
def list_suites() -> list[SuiteInfo]:
    """The report's comparisons, then those beyond it."""
    return list(SUITES.values())


@route(router, endpoints.GET_SUITE_REPORT)
def report_suite(
    services: ServicesDep, key: str, dataset: Dataset, scale: SuiteScale = SuiteScale.LAPTOP, seeds: Seeds = 3
) -> SuiteReport:
    """A suite as it stands."""
    return services.suites.report(key, scale, dataset, seeds)


@route(router, endpoints.LAUNCH_SUITE)
def launch_suite(services: ServicesDep, key: str, request: SuiteRequest) -> SuiteReport:
    """Queue its missing runs."""
    return services.suites.launch(key, request.scale, request.dataset, request.seeds)


@route(router, endpoints.STOP_SUITE)
def stop_suite(services: ServicesDep, key: str, request: SuiteRequest) -> SuiteReport:
    """Stop its active runs."""
    return services.suites.stop(key, request.scale, request.dataset, request.seeds)


@route(router, endpoints.SUITE_FILE)
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
    name = f"galaxyscope-{key}-{dataset}-{scale.value}.{file_format}"
    return saved_as(name, report_text(found, file_format))


WITHIN_S = 5.0
"""Queueing hundreds of runs takes longer than a request may; clients repeat it while some are missing."""


@route(router, endpoints.LIST_SWEEPS)
def list_sweeps(
    services: ServicesDep, run: Annotated[str | None, Query(description="Sweeps that contain it.")] = None
) -> list[SweepSummary]:
    """Newest first."""
    return services.sweeps.list_sweeps(run)


@route(router, endpoints.PLAN_SWEEP)
def plan_sweep(services: ServicesDep, spec: SweepSpec) -> SweepPlan:
    """What a launch would queue, and its cost; nothing is queued."""
    return services.sweeps.plan(spec)


@route(router, endpoints.LAUNCH_SWEEP, status_code=201)
def launch_sweep(services: ServicesDep, request: SweepLaunch) -> SweepReport:
    """Queue missing runs, as many as fit WITHIN_S; repeat while some are missing."""
    return services.sweeps.launch(request, WITHIN_S)


@route(router, endpoints.GET_SWEEP)
def report_sweep(services: ServicesDep, sweep_id: str) -> SweepReport:
    """A sweep as it stands."""
    return services.sweeps.report(sweep_id)


@route(router, endpoints.STOP_SWEEP)
def stop_sweep(services: ServicesDep, sweep_id: str) -> SweepReport:
    """Stop its active runs."""
    return services.sweeps.stop(sweep_id)


@route(router, endpoints.RETRY_SWEEP)
def retry_sweep(services: ServicesDep, sweep_id: str) -> SweepReport:
    """Queue again what failed, was stopped by hand or is missing, as many as fit WITHIN_S."""
    return services.sweeps.retry(sweep_id, WITHIN_S)
