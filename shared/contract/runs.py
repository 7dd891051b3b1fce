"""Runs on the wire: requests, answers, metrics, disk use and verdicts."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from shared.base.states import RunState
from shared.base.wire import Wire
from shared.configs.kinds import Lane, RunKind, Trait, traits_of


class RunRequest(Wire):
    """POST /runs: what to do. `config` is checked against the model of its kind in shared.configs;
    values given in it override those of `preset`."""

    kind: RunKind
    config: dict[str, Any] = Field(default_factory=dict)
    preset: str | None = None
    name: str | None = Field(None, max_length=80, description="A label for people; the id is made for you.")
    parent_id: str | None = Field(None, description="The run that this one retries or continues.")


Tag = Annotated[str, Field(pattern=r"^[^\s,][^,]{0,29}$")]
"""What people group runs by: up to 30 characters, no comma."""


class RunChange(Wire):
    """PATCH /runs/{id}: what to change; None leaves as it is, an empty name or note takes it away."""

    name: str | None = Field(None, max_length=80)
    tags: list[Tag] | None = Field(None, max_length=12)
    note: str | None = Field(None, max_length=2000)
    archived: bool | None = None


class TagCount(Wire):
    tag: str
    runs: int


class RunLabels(Wire):
    """GET /labels: every tag, the commonest first, and how many runs are archived."""

    tags: list[TagCount]
    archived: int


class KindInfo(Wire):
    """GET /kinds: one kind of run, the lane it waits in, and what it is like."""

    kind: RunKind
    traits: list[Trait] = Field(default_factory=traits_of)
    lane: Lane


class Progress(Wire):
    """How far the worker is; None where it has not said so yet."""

    step: int = 0
    total_steps: int | None = None
    epoch: float | None = None
    images_per_s: float | None = None
    eta_s: float | None = None
    rss_bytes: int | None = None
    message: str | None = None
    heartbeat_at: datetime | None = None
    last_seq: int | None = Field(
        None, description="The newest request that the worker has obeyed, see WorkerRequest."
    )


class WorkerRequest(Wire):
    """A request to a worker; it is obeyed once `progress.last_seq` of the run has come to `seq`."""

    seq: int


class Run(Wire):
    """One run as page, API and shell see it. `metrics` holds the last value of each key; `baselines` the
    references that stand beside its accuracies (majority, raw pixels, the run's own random init)."""

    id: str
    kind: RunKind
    traits: list[Trait] = Field(default_factory=traits_of, description="Of its kind.")
    lane: Lane
    name: str | None
    tags: list[str] = Field(default=[])
    note: str = Field("", description="A person's own words.")
    archived: bool = Field(False, description="Out of the list of runs, unless it is asked for.")
    state: RunState
    reason: str | None = Field(description="Why it is in this state, in one sentence, where there is a why.")
    suggestion: str | None = Field(description="What to try next after a failure.")
    preset: str | None
    dataset: str | None
    dataset_digest: str | None = Field(
        None, description="Of the dataset as it was then; one of that name may be another now."
    )
    config: dict[str, Any]
    parent_id: str | None
    attempt: int
    queue_position: int | None = Field(description="1 is next in its lane; None unless queued.")
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    progress: Progress
    metrics: dict[str, float | None]
    baselines: dict[str, float]
    images_per_s: float | None
    disk_bytes: int | None = Field(None, description="Of its folder; None until it is measured.")
    imported: bool = Field(False, description="It ran elsewhere, and came as a zip.")


class RunEvent(Wire):
    """One change of state, or a note (`from_state` == `to_state`)."""

    from_state: RunState | None
    to_state: RunState
    reason: str | None
    at: datetime


class Series(Wire):
    """Points of one metric, by step. `value` is None where the value was not finite."""

    step: list[int]
    value: list[float | None]
    epoch: list[float]
    time: list[float] = Field(description="Unix seconds.")


class MetricsPage(Wire):
    """Points ingested after `since`. Ask again with `since=next`. When `attempt` has changed, a resume
    has taken steps back: ask again from 0."""

    series: dict[str, Series]
    next: int
    attempt: int


class ResumeRequest(Wire):
    """POST …/resume, which needs no body: values that the run is expected to have."""

    config: dict[str, Any] = {}


class LogTail(Wire):
    """The last lines of a run's log."""

    lines: list[str]
    truncated: bool


class RunLoad(Wire):
    """What a worker took of its machine over time (seconds since 1970): `cpu_percent` of one core, bytes of
    memory, and of the first GPU, whoever used it; None where that was not known."""

    time: list[float]
    cpu_percent: list[float | None]
    rss_bytes: list[float | None]
    gpu_percent: list[float | None]
    gpu_memory_bytes: list[float | None]
    gpu_watts: list[float | None]


class Samples(Wire):
    """The fixed galaxies at each evaluation: one sprite PNG a step, at
    /runs/{id}/samples/{step}.png, `count` columns by `rows` rows of `tile_px` squares."""

    steps: list[int]
    epochs: list[float | None] = Field(
        default_factory=list, description="Of the steps; None where no figure was recorded at one."
    )
    rows: list[str]
    count: int
    tile_px: int
    mask_ratio: float
    galaxies: list[int] = Field(description="Dataset rows of the columns.")


UNDO_H = 24
"""How long a deleted run can be had back."""


class RunDeletion(Wire):
    """GET /runs/{id}/deletion: what would go. `referring` stand on it (probes, fine-tunings, retries) and
    keep their results; `blocked_by` is in the way: the run itself while it has not ended, or jobs that still
    need its encoder."""

    run_id: str
    disk_bytes: int
    checkpoints: int
    samples: int
    evaluations: int = Field(description="Of this run, in the tables of the Evaluate page.")
    feature_bytes: int = Field(description="Kept features of its weights; made again when asked for.")
    referring: list[str]
    blocked_by: list[str]


class DeletedRun(Wire):
    """A run that was deleted; until `gone_at` it can be had back, by POST /runs/{id}/restore."""

    id: str
    kind: RunKind
    name: str | None
    disk_bytes: int | None
    deleted_at: datetime
    gone_at: datetime


class DiskUsage(Wire):
    """GET /disk. Runs are measured by the supervisor, at their end and now and then while they run."""

    runs_bytes: int
    deleted_bytes: int = Field(description="Of deleted runs, which go when they cannot be had back any more.")
    unmeasured: int = Field(description="Runs whose size is not known yet.")
    free_bytes: int
    total_bytes: int
    deleted: list[DeletedRun]


class PrunableRun(Wire):
    """What an ended run can do without: checkpoints other than last and best, and the state of the optimizer,
    as it never goes on."""

    id: str
    name: str | None
    checkpoints: int
    bytes: int


class PruneReport(Wire):
    """GET /disk/pruning: what can go. The answer to POST: what went."""

    runs: list[PrunableRun]
    bytes: int


class PruneRequest(Wire):
    """POST /disk/pruning: of these runs alone, so that nothing goes that was not shown. No way back."""

    runs: list[str]


KNN, LINEAR, CLASSIFIER = "val/knn_accuracy", "val/linear_accuracy", "val/balanced_accuracy"


class Trend(StrEnum):
    """Of validation accuracy over evaluations; `collapsing` is of the features."""

    IMPROVING = "improving"
    FLAT = "flat"
    WORSENING = "worsening"
    COLLAPSING = "collapsing"
    TOO_EARLY = "too early"
    UNLABELLED = "unlabelled"


class Verdict(Wire):
    """Whether a training still learns; backend.stats.trend has the rule."""

    state: Trend
    sentence: str
    evaluations: int = Field(
        description="For how many evaluations that has been so; 0 where nothing is said."
    )
    threshold: float | None = Field(description="Share by which accuracy must change to count.")
    judged_by: str | None = Field(description="Key of the accuracy that was judged.")
    best_step: int | None
    patience: int = Field(description="Of early stopping: the run's own, or a usual one where it has none.")
    would_stop_at_step: int | None = Field(
        description="Evaluation at which that patience was spent; None where it was not."
    )
    stopping: str | None = Field(description="Where early stopping acted or would have, in words.")
    ended: bool = Field(description="Whether no further evaluation will come.")


def judged_key(kind: RunKind, online_probe: str | None) -> str:
    """The accuracy that best checkpoint and early stopping of a training go by."""
    if kind is not RunKind.PRETRAIN:
        return CLASSIFIER
    return KNN if online_probe == "off" else LINEAR
