"""Runs: kinds, lanes, states and what crosses the wire about them.

Every long act is a run of one queue. The table `TRANSITIONS` is the whole life of a run; nothing outside
`backend.jobs.state` changes a state.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class RunKind(StrEnum):
    PRETRAIN = "pretrain"
    FINETUNE = "finetune"
    SUPERVISED = "supervised"
    IMPORT = "import"
    SIMULATE = "simulate"
    DOWNLOAD = "download"
    SUBSET = "subset"
    ADOPT = "adopt"
    BASELINES = "baselines"
    PROBE = "probe"
    EMBED = "embed"
    PROJECT = "project"
    PREFLIGHT = "preflight"
    SELFTEST = "selftest"


class Lane(StrEnum):
    """One slot each: `train` has the device, `light` works on the CPU beside a training, `network` waits for
    a download."""

    TRAIN = "train"
    LIGHT = "light"
    NETWORK = "network"


LANES: dict[RunKind, Lane] = {
    RunKind.PRETRAIN: Lane.TRAIN,
    RunKind.FINETUNE: Lane.TRAIN,
    RunKind.SUPERVISED: Lane.TRAIN,
    RunKind.IMPORT: Lane.LIGHT,
    RunKind.SIMULATE: Lane.LIGHT,
    RunKind.DOWNLOAD: Lane.NETWORK,
    RunKind.SUBSET: Lane.LIGHT,
    RunKind.ADOPT: Lane.LIGHT,
    RunKind.BASELINES: Lane.LIGHT,
    RunKind.PROBE: Lane.LIGHT,
    RunKind.EMBED: Lane.LIGHT,
    RunKind.PROJECT: Lane.LIGHT,
    RunKind.PREFLIGHT: Lane.TRAIN,
    RunKind.SELFTEST: Lane.TRAIN,
}

CLASSIFIER_KINDS = frozenset({RunKind.FINETUNE, RunKind.SUPERVISED})
"""Kinds that train an encoder together with a head, on labels."""

TRAINING_KINDS = CLASSIFIER_KINDS | {RunKind.PRETRAIN}
"""Kinds that train a model: they have the device for hours, and can pause."""

MODEL_KINDS = TRAINING_KINDS | {RunKind.ADOPT}
"""Kinds that leave a model to look into; the others prepare data or references, or measure."""

DATASET_MAKERS = frozenset({RunKind.IMPORT, RunKind.SIMULATE, RunKind.DOWNLOAD, RunKind.SUBSET})
"""Kinds that leave a dataset behind, named by `name` in their config."""


class RunState(StrEnum):
    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    STOPPING = "stopping"
    LOST = "lost"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


_S = RunState
TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    _S.QUEUED: frozenset({_S.STARTING, _S.CANCELLED}),
    _S.STARTING: frozenset({_S.RUNNING, _S.STOPPING, _S.FAILED, _S.LOST}),
    _S.RUNNING: frozenset({_S.PAUSING, _S.STOPPING, _S.SUCCEEDED, _S.FAILED, _S.LOST}),
    _S.PAUSING: frozenset({_S.PAUSED, _S.SUCCEEDED, _S.FAILED, _S.STOPPING, _S.LOST}),
    _S.PAUSED: frozenset({_S.QUEUED, _S.CANCELLED}),
    _S.STOPPING: frozenset({_S.CANCELLED, _S.SUCCEEDED, _S.FAILED}),
    _S.LOST: frozenset({_S.QUEUED, _S.PAUSED, _S.FAILED, _S.CANCELLED}),
    _S.SUCCEEDED: frozenset(),
    _S.FAILED: frozenset(),
    _S.CANCELLED: frozenset(),
}

TERMINAL = frozenset(state for state, after in TRANSITIONS.items() if not after)
HAS_WORKER = frozenset({_S.STARTING, _S.RUNNING, _S.PAUSING, _S.STOPPING})
"""States in which a worker process should exist."""


class Wire(BaseModel):
    """Base of everything the API sends: frozen, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
        None, description="The newest request that the worker has obeyed, see Asked."
    )


class Asked(Wire):
    """A request to a worker; it is obeyed once `progress.last_seq` of the run has come to `seq`."""

    seq: int


class Run(Wire):
    """One run as page, API and shell see it. `metrics` holds the last value of each key; `baselines` the
    references that stand beside its accuracies (majority, raw pixels, the run's own random init)."""

    id: str
    kind: RunKind
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
