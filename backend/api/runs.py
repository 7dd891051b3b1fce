"""Routes of runs and their disk use."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse

from backend.api.deps import ServicesDep, route, saved_as
from backend.services.datasets.tables import TableFormat
from backend.services.launching import create
from backend.services.runs import disk, files, lifecycle, metrics
from shared.base.states import RunState
from shared.configs.kinds import JOB_KINDS, RunKind
from shared.contract import endpoints
from shared.contract.runs import (
    DeletedRun,
    DiskUsage,
    KindInfo,
    LogTail,
    MetricsPage,
    PruneReport,
    PruneRequest,
    ResumeRequest,
    Run,
    RunChange,
    RunDeletion,
    RunEvent,
    RunLabels,
    RunLoad,
    RunRequest,
    Samples,
    Verdict,
    WorkerRequest,
)

router = APIRouter(tags=["runs"])


@route(router, endpoints.LIST_KINDS)
def list_kinds() -> list[KindInfo]:
    """Every kind of run with its lane and traits."""
    return [KindInfo(kind=record.kind, lane=record.lane) for record in JOB_KINDS.values()]


@route(router, endpoints.LIST_RUNS)
def list_runs(
    services: ServicesDep,
    kind: Annotated[list[RunKind] | None, Query()] = None,
    state: Annotated[list[RunState] | None, Query()] = None,
    all: bool = False,
    tag: Annotated[list[str] | None, Query(description="Runs that have all of them.")] = None,
    archived: Annotated[bool, Query(description="Include archived runs.")] = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[Run]:
    """Runs newest first: those that leave a model, those of `kind`, or with `all` every job."""
    kinds = list(RunKind) if all and kind is None else kind
    return lifecycle.list_runs(
        services.database, kinds=kinds, states=state, tags=tag or [], archived=archived, limit=limit
    )


@route(router, endpoints.CREATE_RUN, status_code=201)
def create_run(services: ServicesDep, request: RunRequest) -> Run:
    return create.create_run(services.database, services.settings, request)


@route(router, endpoints.GET_RUN)
def get_run(services: ServicesDep, run_id: str) -> Run:
    return lifecycle.get_run(services.database, run_id)


@route(router, endpoints.CHANGE_RUN)
def change_run(services: ServicesDep, run_id: str, change: RunChange) -> Run:
    """Name, tag, note, archive."""
    return lifecycle.change_run(services.database, run_id, change)


@route(router, endpoints.GET_LABELS)
def read_labels(services: ServicesDep) -> RunLabels:
    """Every tag, and how many runs are archived."""
    return lifecycle.read_labels(services.database)


@route(router, endpoints.STOP_RUN)
def stop_run(services: ServicesDep, run_id: str) -> Run:
    return lifecycle.stop_run(services.database, run_id)


@route(router, endpoints.PAUSE_RUN)
def pause_run(services: ServicesDep, run_id: str) -> Run:
    return lifecycle.pause_run(services.database, run_id)


@route(router, endpoints.RESUME_RUN)
def resume_run(services: ServicesDep, run_id: str, request: ResumeRequest | None = None) -> Run:
    """Resume with the same config; another config is rejected."""
    return lifecycle.resume_run(services.database, run_id, request.config if request else None)


@route(router, endpoints.RETRY_RUN, status_code=201)
def retry_run(services: ServicesDep, run_id: str) -> Run:
    return create.retry_run(services.database, services.settings, run_id)


@route(router, endpoints.CHECKPOINT_NOW, status_code=202)
def checkpoint_now(services: ServicesDep, run_id: str) -> WorkerRequest:
    """Write a checkpoint between two steps."""
    return files.request_worker(services.database, services.settings, run_id, "checkpoint")


@route(router, endpoints.SAMPLE_NOW, status_code=202)
def sample_now(services: ServicesDep, run_id: str) -> WorkerRequest:
    """Reconstruct the fixed galaxies with the current model."""
    return files.request_worker(services.database, services.settings, run_id, "sample")


@route(router, endpoints.GET_METRICS)
def read_metrics(
    services: ServicesDep,
    run_id: str,
    since: Annotated[int, Query(ge=0, le=2**63 - 1, description="The `next` of the last response.")] = 0,
    max_points: Annotated[int, Query(ge=10, le=100_000, description="Of each series.")] = 2000,
    keys: Annotated[str | None, Query(description="Separated by commas; all where absent.")] = None,
) -> MetricsPage:
    names = [key for key in (keys or "").split(",") if key]
    return metrics.read_metrics(services.database, run_id, since=since, max_points=max_points, keys=names)


@route(router, endpoints.GET_VERDICT)
def read_verdict(services: ServicesDep, run_id: str) -> Verdict:
    return metrics.read_verdict(services.database, run_id)


@route(router, endpoints.METRICS_FILE)
def metrics_file(services: ServicesDep, run_id: str, file_format: TableFormat) -> Response:
    """Every point of every metric, as ingested so far."""
    content = metrics.metrics_table(services.database, run_id, file_format)
    return saved_as(f"{run_id}.metrics.{file_format}", content)


@route(router, endpoints.LIST_EVENTS)
def list_events(services: ServicesDep, run_id: str) -> list[RunEvent]:
    return lifecycle.list_events(services.database, run_id)


@route(router, endpoints.GET_LOG)
def read_log(
    services: ServicesDep,
    run_id: str,
    lines: Annotated[int, Query(ge=1, le=5000)] = 200,
    find: Annotated[str, Query(max_length=200, description="Only lines that contain this.")] = "",
) -> LogTail:
    return files.read_log(services.database, services.settings, run_id, lines, find)


@route(router, endpoints.GET_LOAD)
def read_load(
    services: ServicesDep, run_id: str, max_points: Annotated[int, Query(ge=2, le=10_000)] = 400
) -> RunLoad:
    """CPU, memory and GPU use of its worker over time."""
    return files.read_load(services.database, services.settings, run_id, max_points)


@route(router, endpoints.GET_SAMPLES)
def read_samples(services: ServicesDep, run_id: str) -> Samples:
    return files.read_samples(services.database, services.settings, run_id)


@route(router, endpoints.SAMPLE_SPRITE)
def sample_sprite(services: ServicesDep, run_id: str, step: int) -> FileResponse:
    path = files.sample_sprite(services.database, services.settings, run_id, step)
    return FileResponse(path, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})


@route(router, endpoints.PREVIEW_RUN_DELETION)
def preview_deletion(services: ServicesDep, run_id: str) -> RunDeletion:
    """What deleting a run would remove."""
    return disk.preview_deletion(services.database, services.settings, run_id)


@route(router, endpoints.DELETE_RUN)
def delete_run(services: ServicesDep, run_id: str) -> DeletedRun:
    """It can be restored for a day."""
    return disk.delete_run(services.database, services.settings, run_id)


@route(router, endpoints.RESTORE_RUN)
def restore_run(services: ServicesDep, run_id: str) -> Run:
    """Restore a deleted run."""
    return disk.restore_run(services.database, services.settings, run_id)


@route(router, endpoints.GET_DISK)
def read_disk(services: ServicesDep) -> DiskUsage:
    return disk.read_disk(services.database, services.settings)


@route(router, endpoints.PREVIEW_PRUNING)
def preview_pruning(services: ServicesDep) -> PruneReport:
    """What can be removed of ended runs."""
    return disk.preview_pruning(services.database, services.settings)


@route(router, endpoints.PRUNE)
def prune(services: ServicesDep, request: PruneRequest) -> PruneReport:
    """Prune runs; what was removed."""
    return disk.prune(services.database, services.settings, request.runs)
