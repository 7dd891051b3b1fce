"""Runs: requests, responses, metrics, disk use and verdicts."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from shared.base.states import RunState
from shared.base.wire import Wire
from shared.configs.kinds import Lane, RunKind, Trait, traits_of


class RunRequest(Wire):
    """POST /runs. `config` is validated by the model of its kind in shared.configs; its values override those
    of `preset`."""

    kind: RunKind
    config: dict[str, Any] = Field(default_factory=dict)
    preset: str | None = None
    name: str | None = Field(None, max_length=80, description="A label; the id is generated.")
    parent_id: str | None = Field(None, description="The run that this one retries or continues.")


Tag = Annotated[str, Field(pattern=r"^[^\s,][^,]{0,29}$")]
"""Groups runs: up to 30 characters, no comma."""


class RunChange(Wire):
    """PATCH /runs/{id}: None leaves a field unchanged; an empty name or note removes it."""

    name: str | None = Field(None, max_length=80)
    tags: list[Tag] | None = Field(None, max_length=12)
    note: str | None = Field(None, max_length=2000)
    archived: bool | None = None


class TagCount(Wire):
    tag: str
    runs: int


class RunLabels(Wire):
    """GET /labels: every tag, most frequent first, and the number of archived runs."""

    tags: list[TagCount]
    archived: int


class KindInfo(Wire):
    """GET /kinds: one kind of run, its lane and its traits."""

    kind: RunKind
    traits: list[Trait] = Field(default_factory=traits_of)
    lane: Lane


class Progress(Wire):
    """Progress of the worker; None if not reported yet."""

    step: int = 0
    total_steps: int | None = None
    epoch: float | None = None
    images_per_s: float | None = None
    eta_s: float | None = None
    rss_bytes: int | None = None
    message: str | None = None
    heartbeat_at: datetime | None = None
    last_seq: int | None = Field(
        None, description="The newest request that the worker has handled, see WorkerRequest."
    )


class WorkerRequest(Wire):
    """A request to a worker, handled once `progress.last_seq` of the run reaches `seq`."""

    seq: int


class Run(Wire):
    """One run. `metrics` holds the last value of each key; `baselines` are references for its accuracies
    (majority, raw pixels, its own random init)."""

    id: str
    kind: RunKind
    traits: list[Trait] = Field(default_factory=traits_of, description="Of its kind.")
    lane: Lane
    name: str | None
    tags: list[str] = Field(default=[])
    note: str = Field("", description="By the user.")
    archived: bool = Field(False, description="Hidden in lists of runs by default.")
    state: RunState
    reason: str | None = Field(description="Why it is in this state.")
    suggestion: str | None = Field(description="What to try next after a failure.")
    preset: str | None
    dataset: str | None
    dataset_digest: str | None = Field(
        None, description="Of the dataset at the time; its name may have been reused since."
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
    disk_bytes: int | None = Field(None, description="Of its folder; None until measured.")
    imported: bool = Field(False, description="Imported from a zip.")


class RunEvent(Wire):
    """One change of state, or a note (`from_state` == `to_state`)."""

    from_state: RunState | None
    to_state: RunState
    reason: str | None
    at: datetime


class Series(Wire):
    """Points of one metric, by step. Non-finite values are None."""

    step: list[int]
    value: list[float | None]
    epoch: list[float]
    time: list[float] = Field(description="Unix seconds.")


class MetricsPage(Wire):
    """Points ingested after `since`; continue with `since=next`. When `attempt` changes, a resume has gone
    back some steps: start again from 0."""

    series: dict[str, Series]
    next: int
    attempt: int


class ResumeRequest(Wire):
    """POST …/resume, optional: values that the run is expected to have."""

    config: dict[str, Any] = {}


class LogTail(Wire):
    """The last lines of a run's log."""

    lines: list[str]
    truncated: bool


class RunLoad(Wire):
    """Use of the machine by a worker over time (Unix seconds): `cpu_percent` of one core, bytes of memory,
    and the first GPU, for all processes; None if unknown."""

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
        default_factory=list, description="Of the steps; None if no metric was recorded."
    )
    rows: list[str]
    count: int
    tile_px: int
    mask_ratio: float
    galaxies: list[int] = Field(description="Dataset rows of the columns.")


UNDO_H = 24
"""How long a deleted run can be restored, hours."""


class RunDeletion(Wire):
    """GET /runs/{id}/deletion: what would be removed. `referring` runs (probes, fine-tunings, retries) keep
    their results; `blocked_by` prevent the deletion: the run itself while active, or jobs that need its
    encoder."""

    run_id: str
    disk_bytes: int
    checkpoints: int
    samples: int
    evaluations: int = Field(description="Of this run, on the Evaluate page.")
    feature_bytes: int = Field(description="Cached features, recomputed when needed.")
    referring: list[str]
    blocked_by: list[str]


class DeletedRun(Wire):
    """A deleted run; POST /runs/{id}/restore restores it until `gone_at`."""

    id: str
    kind: RunKind
    name: str | None
    disk_bytes: int | None
    deleted_at: datetime
    gone_at: datetime


class DiskUsage(Wire):
    """GET /disk. The supervisor measures runs at their end and from time to time while they run."""

    runs_bytes: int
    deleted_bytes: int = Field(description="Of deleted runs, still restorable.")
    unmeasured: int = Field(description="Runs of unknown size.")
    free_bytes: int
    total_bytes: int
    deleted: list[DeletedRun]


class PrunableRun(Wire):
    """What can be removed of an ended run: checkpoints other than last and best, and optimizer states."""

    id: str
    name: str | None
    checkpoints: int
    bytes: int


class PruneReport(Wire):
    """GET /disk/pruning: what can be removed; the response to POST: what was removed."""

    runs: list[PrunableRun]
    bytes: int


class PruneRequest(Wire):
    """POST /disk/pruning: only these runs, so that nothing is removed that was not shown. Irreversible."""

    runs: list[str]


KNN, LINEAR, CLASSIFIER = "val/knn_accuracy", "val/linear_accuracy", "val/balanced_accuracy"


class Trend(StrEnum):
    """Of validation accuracy; `collapsing` is of the features."""

    IMPROVING = "improving"
    FLAT = "flat"
    WORSENING = "worsening"
    COLLAPSING = "collapsing"
    TOO_EARLY = "too early"
    UNLABELLED = "unlabelled"


class Verdict(Wire):
    """Whether a training still improves; the rule is in backend.stats.trend."""

    state: Trend
    sentence: str
    evaluations: int = Field(description="Number of evaluations in this state; 0 if unknown.")
    threshold: float | None = Field(description="Change of accuracy that counts.")
    judged_by: str | None = Field(description="Key of the accuracy.")
    best_step: int | None
    patience: int = Field(description="Of early stopping: of the run, or a usual one.")
    would_stop_at_step: int | None = Field(
        description="Step at which that patience was exhausted, if it was."
    )
    stopping: str | None = Field(description="When early stopping acted or would have, in words.")
    ended: bool = Field(description="Whether this was the last evaluation.")


def judged_key(kind: RunKind, online_probe: str | None) -> str:
    """The accuracy that determines best checkpoint and early stopping."""
    if kind is not RunKind.PRETRAIN:
        return CLASSIFIER
    return KNN if online_probe == "off" else LINEAR
