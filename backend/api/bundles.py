"""Routes of exports (a run as a zip, its encoder for timm) and of importing a run."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from backend.api.deps import ServicesDep, route, saved_as
from backend.data.incoming.uploads import forget_upload
from backend.services import bundles
from backend.services.reconstruction.encoder_files import encoder_file
from shared.configs.probes import CHECKPOINT
from shared.contract import endpoints
from shared.contract.bundles import CheckpointChoice, ImportedRun, ImportRequest, RunBundle

router = APIRouter(tags=["export"])


@route(router, endpoints.IMPORT_RUN, status_code=201)
def import_run(services: ServicesDep, request: ImportRequest) -> ImportedRun:
    """Import the run of an uploaded zip; the upload is deleted."""
    path = services.uploads.file(request.upload)
    try:
        return bundles.import_run(services.database, services.settings, path)
    finally:
        forget_upload(services.settings.uploads_dir, str(path))


@route(router, endpoints.DESCRIBE_BUNDLE)
def describe_bundle(services: ServicesDep, run_id: str) -> RunBundle:
    """What can be exported, and its size."""
    return bundles.describe_bundle(services.database, services.settings, run_id)


@route(router, endpoints.BUNDLE_FILE)
def bundle_file(
    services: ServicesDep, run_id: str, checkpoints: CheckpointChoice = CheckpointChoice.KEPT
) -> StreamingResponse:
    """The run as a zip, streamed."""
    bundle = bundles.open_bundle(services.database, services.settings, run_id, checkpoints)
    headers = {"Content-Disposition": f'attachment; filename="{bundle.name}"'}
    return StreamingResponse(bundle.chunks, media_type="application/zip", headers=headers)


@route(router, endpoints.ENCODER_FILE)
def get_encoder_file(
    services: ServicesDep,
    run_id: str,
    checkpoint: Annotated[str, Query(pattern=CHECKPOINT, description="best, last or a step.")] = "best",
) -> Response:
    """The encoder for timm, as safetensors; its header has the arguments of VisionTransformer."""
    file = encoder_file(services.database, services.settings, run_id, checkpoint)
    return saved_as(file.name, file.content)
