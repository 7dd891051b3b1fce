"""The API in Python: one method per route, returning shared models, with two exceptions."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from frontend.api.answers import ApiError, BackendLostError, read_answer
from frontend.api.bundle_calls import BundleCalls
from frontend.api.collection_calls import CollectionCalls
from frontend.api.connection import DEFAULT_URL
from frontend.api.disk_calls import DiskCalls
from frontend.api.evaluation_calls import EvaluationCalls
from frontend.api.label_calls import LabelCalls
from frontend.api.map_calls import MapClient
from frontend.api.notice_calls import NoticeCalls
from frontend.api.odd_calls import OddCalls
from frontend.api.queue_calls import QueueCalls
from frontend.api.run_calls import RunCalls
from frontend.api.search_calls import SearchClient
from frontend.api.suite_calls import SuiteCalls
from frontend.api.sweep_calls import SweepCalls
from shared.base.states import RunState
from shared.base.vocabulary import Split
from shared.configs.presets import Preset
from shared.contract import routes
from shared.contract.datasets import (
    Dataset,
    DatasetChange,
    DeletionPreview,
    Duplicates,
    GalaxyPage,
    PixelStatistics,
    SourcePreview,
    Upload,
)
from shared.contract.launching import Estimate
from shared.contract.reconstruction import (
    AnimationFormat,
    Checkpoints,
    CurveRequest,
    InsideRequest,
    LadderInfo,
    LadderRequest,
    LayerView,
    Reconstruction,
    ReconstructionRequest,
    SampleCurve,
    SaveRequest,
    UploadedImage,
)
from shared.contract.runs import LogTail, MetricsPage, Run, RunEvent, RunLoad, RunRequest, Samples, Verdict
from shared.contract.system import Health, Machine

__all__ = ["DEFAULT_URL", "ApiError", "BackendLostError", "Client"]


class Client(
    BundleCalls,
    CollectionCalls,
    DiskCalls,
    EvaluationCalls,
    LabelCalls,
    MapClient,
    NoticeCalls,
    OddCalls,
    QueueCalls,
    RunCalls,
    SearchClient,
    SuiteCalls,
    SweepCalls,
):
    """Client of one server; see Connection."""

    def health(self) -> Health:
        return self._get(Health, routes.HEALTH)

    def list_runs(
        self,
        *,
        kind: str | None = None,
        state: RunState | None = None,
        every_kind: bool = False,
        tags: Sequence[str] = (),
        archived: bool = False,
        limit: int = 100,
    ) -> list[Run]:
        """Runs, newest first: those that leave a model, or all jobs with `every_kind`. `tags` filters by all
        of them; `archived` includes archived runs."""
        query = {
            "kind": kind,
            "state": state,
            "all": every_kind or None,
            "tag": list(tags),
            "archived": archived or None,
            "limit": limit,
        }
        return self._get(list[Run], routes.RUNS, query)

    def create_run(self, request: RunRequest) -> Run:
        return self._send(Run, "POST", routes.RUNS, request.model_dump(mode="json", exclude_none=True))

    def get_run(self, run_id: str) -> Run:
        return self._get(Run, routes.RUN.format(run_id=run_id))

    def stop_run(self, run_id: str) -> Run:
        return self._send(Run, "POST", routes.RUN_STOP.format(run_id=run_id))

    def resume_run(self, run_id: str, config: Mapping[str, Any] | None = None) -> Run:
        """Requeue a paused run; values in `config` must match those of the run."""
        body = None if config is None else {"config": dict(config)}
        return self._send(Run, "POST", routes.RUN_RESUME.format(run_id=run_id), body)

    def retry_run(self, run_id: str) -> Run:
        """Queue a new run with the same config and this run as its parent."""
        return self._send(Run, "POST", routes.RUN_RETRY.format(run_id=run_id))

    def read_metrics(
        self, run_id: str, *, since: int = 0, max_points: int | None = None, keys: list[str] | None = None
    ) -> MetricsPage:
        query = {"since": since, "max_points": max_points, "keys": ",".join(keys) if keys else None}
        return self._get(MetricsPage, routes.RUN_METRICS.format(run_id=run_id), query)

    def get_verdict(self, run_id: str) -> Verdict:
        """Whether a training is still improving, and where early stopping applies."""
        return self._get(Verdict, routes.RUN_VERDICT.format(run_id=run_id))

    def list_events(self, run_id: str) -> list[RunEvent]:
        return self._get(list[RunEvent], routes.RUN_EVENTS.format(run_id=run_id))

    def read_log(self, run_id: str, *, lines: int = 200, find: str = "") -> LogTail:
        """The last lines, or the last lines that contain `find`."""
        query = {"lines": lines, "find": find or None}
        return self._get(LogTail, routes.RUN_LOG.format(run_id=run_id), query)

    def read_load(self, run_id: str, *, max_points: int = 400) -> RunLoad:
        """CPU, memory and GPU use of the worker over time."""
        return self._get(RunLoad, routes.RUN_LOAD.format(run_id=run_id), {"max_points": max_points})

    def get_samples(self, run_id: str) -> Samples:
        return self._get(Samples, routes.RUN_SAMPLES.format(run_id=run_id))

    def get_sample_sprite(self, run_id: str, step: int) -> bytes:
        """A PNG: `count` columns by `rows` rows of `tile_px` squares (see Samples)."""
        return self._answer("GET", routes.RUN_SAMPLE_SPRITE.format(run_id=run_id, step=step)).content

    def list_datasets(self) -> list[Dataset]:
        return self._get(list[Dataset], routes.DATASETS)

    def get_dataset(self, name: str) -> Dataset:
        return self._get(Dataset, routes.DATASET.format(name=name))

    def list_galaxies(
        self,
        name: str,
        *,
        offset: int = 0,
        limit: int = 48,
        label: str | None = None,
        split: Split | None = None,
        redshift_min: float | None = None,
        redshift_max: float | None = None,
        collection: str | None = None,
    ) -> GalaxyPage:
        """Rows in file order; a redshift bound leaves out rows without a redshift."""
        query = {
            "offset": offset,
            "limit": limit,
            "label": label,
            "split": split,
            "redshift_min": redshift_min,
            "redshift_max": redshift_max,
            "collection": collection,
        }
        return self._get(GalaxyPage, routes.GALAXIES.format(name=name), query)

    def change_dataset(self, name: str, change: DatasetChange) -> Dataset:
        """Rename or describe a dataset."""
        body = change.model_dump(mode="json", exclude_none=True)
        return self._send(Dataset, "PATCH", routes.DATASET.format(name=name), body)

    def preview_deletion(self, name: str) -> DeletionPreview:
        return self._get(DeletionPreview, routes.DATASET_DELETION.format(name=name))

    def delete_dataset(self, name: str) -> None:
        self._answer("DELETE", routes.DATASET.format(name=name))

    def list_duplicates(self, name: str) -> Duplicates:
        return self._get(Duplicates, routes.DATASET_DUPLICATES.format(name=name))

    def get_statistics(self, name: str) -> PixelStatistics:
        return self._get(PixelStatistics, routes.DATASET_STATISTICS.format(name=name))

    def start_upload(self) -> Upload:
        """Create an empty upload."""
        return self._send(Upload, "POST", routes.UPLOADS)

    def upload_file(self, upload_id: str, filename: str, content: bytes) -> Upload:
        path = routes.UPLOAD_FILE.format(upload_id=upload_id, filename=quote(filename, safe=""))
        return read_answer(Upload, self._answer("PUT", path, content=content))

    def inspect_source(self, config: dict[str, Any]) -> SourcePreview:
        """Preview an import with these (possibly incomplete) values."""
        return self._send(SourcePreview, "POST", routes.SOURCE_INSPECT, config)

    def estimate_launch(self, request: RunRequest) -> Estimate:
        body = request.model_dump(mode="json", exclude_none=True)
        return self._send(Estimate, "POST", routes.LAUNCH_ESTIMATE, body)

    def reconstruct(self, request: ReconstructionRequest) -> Reconstruction:
        """Images and measures of one masked galaxy."""
        body = request.model_dump(mode="json", exclude_none=True)
        return self._send(Reconstruction, "POST", routes.RECONSTRUCTIONS, body)

    def get_ladder(self, request: LadderRequest) -> LadderInfo:
        """Everything a browser needs to draw any mask ratio; the first call takes a few seconds."""
        query = {"query": request.model_dump_json(exclude_none=True)}
        return self._get(LadderInfo, routes.RECONSTRUCTION_LADDER, query)

    def get_ladder_sprite(self, request: LadderRequest) -> bytes:
        """A lossless WebP, see LadderInfo."""
        query = {"query": request.model_dump_json(exclude_none=True)}
        return self._answer("GET", routes.RECONSTRUCTION_SPRITE, query=query).content

    def save_picture(self, request: SaveRequest) -> bytes:
        """A PNG of the panels with their measures."""
        body = request.model_dump(mode="json", exclude_none=True)
        return self._answer("POST", routes.RECONSTRUCTION_PICTURE, body=body).content

    def save_animation(self, request: LadderRequest, file_format: AnimationFormat) -> bytes:
        """An animation over the ladder of mask ratios."""
        query = {"query": request.model_dump_json(exclude_none=True)}
        path = routes.RECONSTRUCTION_ANIMATION.format(file_format=file_format)
        return self._answer("GET", path, query=query).content

    def get_sample_curve(self, request: CurveRequest) -> SampleCurve:
        """Loss against mask ratio over validation rows; the first call takes seconds."""
        query = {"query": request.model_dump_json(exclude_none=True)}
        return self._get(SampleCurve, routes.RECONSTRUCTION_CURVE, query)

    def look_inside(self, request: InsideRequest) -> LayerView:
        """One encoder layer on one unmasked galaxy."""
        query = {"query": request.model_dump_json(exclude_none=True)}
        return self._get(LayerView, routes.RECONSTRUCTION_INSIDE, query)

    def upload_image(self, content: bytes) -> UploadedImage:
        """Upload an image file; its id goes into Viewed.upload."""
        return read_answer(
            UploadedImage, self._answer("POST", routes.RECONSTRUCTION_UPLOADS, content=content)
        )

    def list_checkpoints(self, run_id: str) -> Checkpoints:
        return self._get(Checkpoints, routes.RUN_CHECKPOINTS.format(run_id=run_id))

    def get_machine(self) -> Machine:
        return self._get(Machine, routes.MACHINE)

    def list_presets(self) -> list[Preset]:
        return self._get(list[Preset], routes.PRESETS)
