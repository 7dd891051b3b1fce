"""Sweeps: one training repeated with some of its settings varied. shared/planning/sweep_draws.py generates
the settings."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from pydantic import Field

from shared.base.states import RunState
from shared.base.wire import Wire
from shared.configs.kinds import RunKind

MOST_RUNS = 1000
"""Of one sweep."""
ASK_ABOVE = 100
"""A launch of more runs must confirm their number."""
MOST_AXES = 6
FEWEST_OTHERS = 3
"""Other members that early stopping needs for a median."""


class SweepMode(StrEnum):
    """Every combination of the values, or random draws."""

    GRID = "grid"
    RANDOM = "random"


class Scale(StrEnum):
    LINEAR = "linear"
    LOG = "log"


class Axis(Wire):
    """A field and its `values`, or its range from `low` to `high`, inclusive. A grid takes `n` points of a
    range, evenly spaced on its scale; integers are rounded, duplicates dropped."""

    field: str = Field(min_length=1)
    values: list[Any] = Field(default_factory=list, max_length=MOST_RUNS)
    low: float | None = None
    high: float | None = None
    n: int | None = Field(None, ge=2, le=MOST_RUNS)
    scale: Scale = Scale.LINEAR

    @property
    def is_range(self) -> bool:
        return self.low is not None or self.high is not None


class Objective(NamedTuple):
    """A validation metric that orders members; `share` of 1, shown in percent."""

    key: str
    title: str
    higher_is_better: bool
    share: bool


_PROBED = (
    Objective("val/linear_accuracy", "linear probe accuracy", True, True),
    Objective("val/linear_balanced_accuracy", "linear probe balanced accuracy", True, True),
    Objective("val/knn_accuracy", "k-NN accuracy", True, True),
    Objective("val/knn_balanced_accuracy", "k-NN balanced accuracy", True, True),
    Objective("val/rankme", "effective rank", True, False),
    Objective("val/loss", "reconstruction loss", False, False),
)
_CLASSIFIED = (
    Objective("val/balanced_accuracy", "balanced accuracy", True, True),
    Objective("val/accuracy", "accuracy", True, True),
    Objective("val/loss", "cross-entropy", False, False),
)
OBJECTIVES: dict[RunKind, tuple[Objective, ...]] = {
    RunKind.PRETRAIN: _PROBED,
    RunKind.FINETUNE: _CLASSIFIED,
    RunKind.SUPERVISED: _CLASSIFIED,
}
"""Objectives of each kind, on validation rows; the first is the default."""


class SweepSpec(Wire):
    """A sweep. The base is the config of `base_run` or the preset, updated with `config`; each setting runs
    with the seed of the base, the next, and so on. With `stop_early` a member is stopped when, after
    `warm_up` of its training, its best is worse than the median of the others at that epoch."""

    kind: RunKind = RunKind.PRETRAIN
    preset: str | None = None
    base_run: str | None = Field(None, description="The run whose config is the base.")
    config: dict[str, Any] = Field(default_factory=dict)
    axes: list[Axis] = Field(min_length=1, max_length=MOST_AXES)
    mode: SweepMode = SweepMode.GRID
    samples: int = Field(10, ge=1, le=1_000_000, description="Settings of a random sweep.")
    draw_seed: int = Field(0, ge=0, le=2**31 - 1, description="Of the draws.")
    seeds: int = Field(1, ge=1, le=10, description="Runs of each setting.")
    objective: str | None = Field(None, description="A key of OBJECTIVES; None: the first of the kind.")
    stop_early: bool = False
    warm_up: float = Field(0.25, ge=0, le=0.9, description="Share of a training without early stopping.")
    leave_out: bool = Field(False, description="Skip invalid settings instead of rejecting them.")
    name: str | None = Field(None, max_length=60)


class SweepLaunch(Wire):
    """POST /sweeps. `confirm_runs` is the number of runs, required above ASK_ABOVE."""

    spec: SweepSpec
    confirm_runs: int | None = None


class UnfitSetting(Wire):
    """An invalid setting, and why."""

    values: dict[str, Any]
    field: str | None
    sentence: str


class SweepPlan(Wire):
    """POST /sweeps/plan: what a launch would queue. `total_s` and `disk_bytes` are of all runs, None if
    unknown; `basis` is the source of the time."""

    spec: SweepSpec
    objective: str
    settings: list[dict[str, Any]]
    unfit: list[UnfitSetting]
    runs: int
    total_s: float | None
    basis: str
    disk_bytes: int | None
    disk_free_bytes: int
    must_confirm: bool = Field(description="Whether a launch must confirm the number of runs.")
    warnings: list[str]
    existing: str | None = Field(description="The same sweep, if it was launched before.")


class SweepMember(Wire):
    """One run of a sweep and its results; epochs may be fractions. `run_id` is None if it was never queued,
    or was deleted."""

    place: int
    values: dict[str, Any]
    seed: int
    run_id: str | None
    state: RunState | None
    reason: str | None
    stopped_early: bool
    last: float | None
    last_epoch: float | None
    best: float | None
    best_epoch: float | None


class SweepSetting(Wire):
    """One setting over its seeds: mean and sample standard deviation (None for one) of their best."""

    values: dict[str, Any]
    members: list[int] = Field(description="Their places.")
    n: int = Field(description="Seeds with a result.")
    mean: float | None
    std: float | None
    stopped_early: int


class Reference(Wire):
    """An untrained baseline by the same metric."""

    name: Literal["random init", "raw pixels", "majority class"]
    value: float


class SweepSummary(Wire):
    """A sweep in the list."""

    id: str
    name: str | None
    kind: RunKind
    dataset: str | None
    axes: list[Axis]
    created_at: datetime
    runs: int
    done: int = Field(description="Succeeded, or stopped early.")
    active: int
    lost: int = Field(description="Failed, stopped by hand, or missing: a retry queues them.")
    missing: int = Field(description="Of these, without a run: a launch queues them too.")


class SweepReport(Wire):
    """The current state of a sweep: settings best first, those without results last."""

    summary: SweepSummary
    spec: SweepSpec
    objective: str
    members: list[SweepMember]
    settings: list[SweepSetting]
    references: list[Reference]


def objective_of(spec: SweepSpec) -> Objective | None:
    """The metric that orders a sweep; None for a key that its kind lacks."""
    known = OBJECTIVES.get(spec.kind, ())
    if spec.objective is None:
        return known[0] if known else None
    return next((one for one in known if one.key == spec.objective), None)
