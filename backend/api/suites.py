"""Routes of suites."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from backend.api.deps import ServicesDep
from backend.services.experiments.suite_files import report_html, report_markdown
from shared.contract import routes
from shared.contract.suites import SuiteInfo, SuiteReport, SuiteRequest, SuiteScale
from shared.planning.suite_texts import SUITES

router = APIRouter(tags=["suites"])
Dataset = Annotated[str, Query(description="Labelled dataset of all its runs.")]
Seeds = Annotated[int, Query(description="Of each row; three or more decide claims.")]


@router.get(routes.SUITES)
def list_suites() -> list[SuiteInfo]:
    """The report's comparisons, then those beyond it."""
    return list(SUITES.values())


@router.get(routes.SUITE_REPORT)
def report(
    services: ServicesDep, key: str, dataset: Dataset, scale: SuiteScale = SuiteScale.LAPTOP, seeds: Seeds = 3
) -> SuiteReport:
    """A suite as it stands."""
    return services.suites.report(key, scale, dataset, seeds)


@router.post(routes.SUITE_LAUNCH)
def launch(services: ServicesDep, key: str, request: SuiteRequest) -> SuiteReport:
    """Queue what is missing of it."""
    return services.suites.launch(key, request.scale, request.dataset, request.seeds)


@router.post(routes.SUITE_STOP)
def stop(services: ServicesDep, key: str, request: SuiteRequest) -> SuiteReport:
    """Ask all of it that has not ended to end."""
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
    """The report as one file that needs nothing else."""
    found = services.suites.report(key, scale, dataset, seeds)
    name = f"galaxyscope-{key}-{dataset}-{scale.value}.{file_format}"
    if file_format == "html":
        content, media = report_html(found), "text/html"
    else:
        content, media = report_markdown(found), "text/markdown"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=f"{media}; charset=utf-8", headers=headers)
