"""Every endpoint of API v1, for the server and the client alike."""

import re
from dataclasses import dataclass
from types import NoneType
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel

from shared.configs.presets import Preset
from shared.contract.annotations import Collection, CollectionUpdate, LabelFlag, Rating
from shared.contract.bundles import ImportedRun, RunBundle
from shared.contract.cutouts import CutoutsPreview
from shared.contract.datasets import (
    Dataset,
    DeletionPreview,
    Duplicates,
    FolderListing,
    Galaxy,
    GalaxyPage,
    PixelStatistics,
    SkyMap,
    SourcePreview,
    Upload,
)
from shared.contract.evaluations import (
    Comparison,
    Evaluation,
    MethodComparison,
    PredictionPage,
    ThresholdCurves,
    TwinCurves,
)
from shared.contract.launching import Estimate, Queue
from shared.contract.maps import Colours, MapState
from shared.contract.odd import OddPage
from shared.contract.reconstruction import (
    Checkpoints,
    LadderInfo,
    LayerView,
    Reconstruction,
    SampleCurve,
    UploadedImage,
)
from shared.contract.runs import (
    DeletedRun,
    DiskUsage,
    KindInfo,
    LogTail,
    MetricsPage,
    PruneReport,
    Run,
    RunDeletion,
    RunEvent,
    RunLabels,
    RunLoad,
    Samples,
    Verdict,
    WorkerRequest,
)
from shared.contract.search import (
    EmbeddingState,
    LocatedGalaxy,
    Overlap,
    QualityState,
    SearchComparison,
    SearchResult,
)
from shared.contract.suites import SuiteInfo, SuiteReport
from shared.contract.sweeps import SweepPlan, SweepReport, SweepSummary
from shared.contract.system import Health, Machine, Notice, Webhook, WebhookTest

API = "/api/v1"
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Endpoint(Generic[T_co]):
    """A method of a path and the type of its response: a model, `bytes` for a file, NoneType for nothing."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    response: type[T_co]

    def url(self, **params: Any) -> str:
        """Its address. `params` named in the path go there, the others into the query: a model as JSON, a
        list as several values, None not at all."""
        named = set(re.findall(r"{(\w+)}", self.path))
        path = self.path.format(**{name: quote(str(params.pop(name)), safe="") for name in named})
        given = {name: _text(value) for name, value in params.items() if value is not None}
        query = urlencode(given, doseq=True, quote_via=quote)
        return f"{API}{path}?{query}" if query else API + path


def _text(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump_json(exclude_none=True)
    return str(value).lower() if isinstance(value, bool) else value


# The server
GET_HEALTH = Endpoint("GET", "/health", Health)
GET_MACHINE = Endpoint("GET", "/machine", Machine)
LIST_PRESETS = Endpoint("GET", "/presets", list[Preset])
VENDORED_FILE = Endpoint("GET", "/vendor/{asset}", bytes)
LIST_NOTICES = Endpoint("GET", "/notices", list[Notice])
GET_WEBHOOK = Endpoint("GET", "/webhook", Webhook)
SET_WEBHOOK = Endpoint("PUT", "/webhook", Webhook)
TEST_WEBHOOK = Endpoint("POST", "/webhook/test", WebhookTest)

# Runs and their disk use
LIST_KINDS = Endpoint("GET", "/kinds", list[KindInfo])
LIST_RUNS = Endpoint("GET", "/runs", list[Run])
CREATE_RUN = Endpoint("POST", "/runs", Run)
GET_RUN = Endpoint("GET", "/runs/{run_id}", Run)
CHANGE_RUN = Endpoint("PATCH", "/runs/{run_id}", Run)
GET_LABELS = Endpoint("GET", "/labels", RunLabels)
STOP_RUN = Endpoint("POST", "/runs/{run_id}/stop", Run)
PAUSE_RUN = Endpoint("POST", "/runs/{run_id}/pause", Run)
RESUME_RUN = Endpoint("POST", "/runs/{run_id}/resume", Run)
RETRY_RUN = Endpoint("POST", "/runs/{run_id}/retry", Run)
CHECKPOINT_NOW = Endpoint("POST", "/runs/{run_id}/checkpoint", WorkerRequest)
SAMPLE_NOW = Endpoint("POST", "/runs/{run_id}/sample", WorkerRequest)
GET_METRICS = Endpoint("GET", "/runs/{run_id}/metrics", MetricsPage)
GET_VERDICT = Endpoint("GET", "/runs/{run_id}/verdict", Verdict)
METRICS_FILE = Endpoint("GET", "/runs/{run_id}/metrics.{file_format}", bytes)
LIST_EVENTS = Endpoint("GET", "/runs/{run_id}/events", list[RunEvent])
GET_LOG = Endpoint("GET", "/runs/{run_id}/log", LogTail)
GET_LOAD = Endpoint("GET", "/runs/{run_id}/load", RunLoad)
GET_SAMPLES = Endpoint("GET", "/runs/{run_id}/samples", Samples)
SAMPLE_SPRITE = Endpoint("GET", "/runs/{run_id}/samples/{step}.png", bytes)
PREVIEW_RUN_DELETION = Endpoint("GET", "/runs/{run_id}/deletion", RunDeletion)
DELETE_RUN = Endpoint("DELETE", "/runs/{run_id}", DeletedRun)
RESTORE_RUN = Endpoint("POST", "/runs/{run_id}/restore", Run)
GET_DISK = Endpoint("GET", "/disk", DiskUsage)
PREVIEW_PRUNING = Endpoint("GET", "/disk/pruning", PruneReport)
PRUNE = Endpoint("POST", "/disk/pruning", PruneReport)

# Launches and the queue
ESTIMATE_LAUNCH = Endpoint("POST", "/launch/estimate", Estimate)
FIRST_BATCH = Endpoint("GET", "/launch/first-batch.png", bytes)
GET_QUEUE = Endpoint("GET", "/queue", Queue)
MOVE_RUN = Endpoint("POST", "/runs/{run_id}/move", Queue)
PAUSE_LANE = Endpoint("POST", "/queue/{lane}/pause", Queue)
RESUME_LANE = Endpoint("POST", "/queue/{lane}/resume", Queue)

# Datasets
LIST_DATASETS = Endpoint("GET", "/datasets", list[Dataset])
GET_DATASET = Endpoint("GET", "/datasets/{name}", Dataset)
CHANGE_DATASET = Endpoint("PATCH", "/datasets/{name}", Dataset)
PREVIEW_DATASET_DELETION = Endpoint("GET", "/datasets/{name}/deletion", DeletionPreview)
DELETE_DATASET = Endpoint("DELETE", "/datasets/{name}", NoneType)
LIST_DUPLICATES = Endpoint("GET", "/datasets/{name}/duplicates", Duplicates)
GET_STATISTICS = Endpoint("GET", "/datasets/{name}/statistics", PixelStatistics)
GET_SKY_MAP = Endpoint("GET", "/datasets/{name}/sky", SkyMap)
SPLIT_FILE = Endpoint("GET", "/datasets/{name}/split.csv", bytes)
LIST_GALAXIES = Endpoint("GET", "/datasets/{name}/galaxies", GalaxyPage)
GALAXY_IMAGE = Endpoint("GET", "/datasets/{name}/images/{row}.png", bytes)

# Collections, label flags and ratings
LIST_COLLECTIONS = Endpoint("GET", "/datasets/{name}/collections", list[Collection])
ADD_TO_COLLECTION = Endpoint("POST", "/datasets/{name}/collections/{collection}", CollectionUpdate)
CHANGE_COLLECTION = Endpoint("PATCH", "/datasets/{name}/collections/{collection}", Collection)
REMOVE_COLLECTION = Endpoint("DELETE", "/datasets/{name}/collections/{collection}", NoneType)
COLLECTION_FILE = Endpoint("GET", "/datasets/{name}/collections/{collection}.{file_format}", bytes)
LIST_LABEL_FLAGS = Endpoint("GET", "/datasets/{name}/flags", list[LabelFlag])
PUT_LABEL_FLAG = Endpoint("PUT", "/datasets/{name}/flags/{row}", LabelFlag)
REMOVE_LABEL_FLAG = Endpoint("DELETE", "/datasets/{name}/flags/{row}", NoneType)
LABEL_FLAGS_FILE = Endpoint("GET", "/datasets/{name}/flags.{file_format}", bytes)
LIST_RATINGS = Endpoint("GET", "/datasets/{name}/ratings", list[Rating])
PUT_RATING = Endpoint("PUT", "/datasets/{name}/ratings/{row}", Rating)
REMOVE_RATING = Endpoint("DELETE", "/datasets/{name}/ratings/{row}", NoneType)
RATINGS_FILE = Endpoint("GET", "/datasets/{name}/ratings.{file_format}", bytes)

# Sources of an import
LIST_FOLDER = Endpoint("GET", "/folders", FolderListing)
START_UPLOAD = Endpoint("POST", "/uploads", Upload)
UPLOAD_FILE = Endpoint("PUT", "/uploads/{upload_id}/{filename}", Upload)
INSPECT_SOURCE = Endpoint("POST", "/sources/inspect", SourcePreview)
SOURCE_PREVIEW = Endpoint("GET", "/sources/preview.png", bytes)
INSPECT_CUTOUTS = Endpoint("POST", "/cutouts/inspect", CutoutsPreview)
CUTOUTS_PREVIEW = Endpoint("GET", "/cutouts/preview.png", bytes)

# Export and import of runs
IMPORT_RUN = Endpoint("POST", "/runs/import", ImportedRun)
DESCRIBE_BUNDLE = Endpoint("GET", "/runs/{run_id}/bundle", RunBundle)
BUNDLE_FILE = Endpoint("GET", "/runs/{run_id}/bundle.zip", bytes)
ENCODER_FILE = Endpoint("GET", "/runs/{run_id}/encoder.safetensors", bytes)

# Evaluations
LIST_EVALUATIONS = Endpoint("GET", "/evaluations", list[Evaluation])
COMPARE_EVALUATIONS = Endpoint("GET", "/evaluations/compare", Comparison)
COMPARE_METHODS = Endpoint("GET", "/evaluations/compare-methods", MethodComparison)
LIST_LEARNING_CURVES = Endpoint("GET", "/runs/{run_id}/learning-curves", list[TwinCurves])
GET_EVALUATION = Endpoint("GET", "/evaluations/{evaluation_id}", Evaluation)
GET_THRESHOLD_CURVES = Endpoint("GET", "/evaluations/{evaluation_id}/curves", ThresholdCurves)
LIST_PREDICTIONS = Endpoint("GET", "/evaluations/{evaluation_id}/predictions", PredictionPage)
PREDICTIONS_FILE = Endpoint("GET", "/evaluations/{evaluation_id}/predictions.{file_format}", bytes)

# Reconstructions
RECONSTRUCT = Endpoint("POST", "/reconstructions", Reconstruction)
GET_LADDER = Endpoint("GET", "/reconstructions/ladder", LadderInfo)
LADDER_SPRITE = Endpoint("GET", "/reconstructions/sprite.webp", bytes)
GET_SAMPLE_CURVE = Endpoint("GET", "/reconstructions/curve", SampleCurve)
LOOK_INSIDE = Endpoint("GET", "/reconstructions/inside", LayerView)
SAVE_PICTURE = Endpoint("POST", "/reconstructions/picture", bytes)
SAVE_ANIMATION = Endpoint("GET", "/reconstructions/sweep.{file_format}", bytes)
UPLOAD_IMAGE = Endpoint("POST", "/reconstructions/uploads", UploadedImage)
LIST_CHECKPOINTS = Endpoint("GET", "/runs/{run_id}/checkpoints", Checkpoints)
GET_RANDOM_GALAXY = Endpoint("GET", "/datasets/{name}/random", Galaxy)

# Embeddings, search and maps
GET_EMBEDDINGS = Endpoint("GET", "/embeddings", EmbeddingState)
GET_SEARCH_QUALITY = Endpoint("GET", "/embeddings/quality", QualityState)
EMBEDDINGS_FILE = Endpoint("GET", "/embeddings.{file_format}", bytes)
SEARCH = Endpoint("GET", "/search", SearchResult)
SEARCH_FILE = Endpoint("GET", "/search.{file_format}", bytes)
COMPARE_SEARCHES = Endpoint("GET", "/search/compared", SearchComparison)
GET_OVERLAP = Endpoint("GET", "/search/overlap", Overlap)
LOCATE_GALAXY = Endpoint("GET", "/datasets/{name}/locate", LocatedGalaxy)
LIST_ODD = Endpoint("GET", "/odd", OddPage)
ODD_FILE = Endpoint("GET", "/odd.{file_format}", bytes)
GET_MAP = Endpoint("GET", "/maps", MapState)
MAP_POINTS = Endpoint("GET", "/maps/points", bytes)
GET_COLOURS = Endpoint("GET", "/datasets/{name}/colours", Colours)

# Suites and sweeps
LIST_SUITES = Endpoint("GET", "/suites", list[SuiteInfo])
GET_SUITE_REPORT = Endpoint("GET", "/suites/{key}/report", SuiteReport)
LAUNCH_SUITE = Endpoint("POST", "/suites/{key}/launch", SuiteReport)
STOP_SUITE = Endpoint("POST", "/suites/{key}/stop", SuiteReport)
SUITE_FILE = Endpoint("GET", "/suites/{key}/report.{file_format}", bytes)
LIST_SWEEPS = Endpoint("GET", "/sweeps", list[SweepSummary])
PLAN_SWEEP = Endpoint("POST", "/sweeps/plan", SweepPlan)
LAUNCH_SWEEP = Endpoint("POST", "/sweeps", SweepReport)
GET_SWEEP = Endpoint("GET", "/sweeps/{sweep_id}", SweepReport)
STOP_SWEEP = Endpoint("POST", "/sweeps/{sweep_id}/stop", SweepReport)
RETRY_SWEEP = Endpoint("POST", "/sweeps/{sweep_id}/retry", SweepReport)
