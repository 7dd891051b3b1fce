"""How long runs take: measured, or estimated from earlier runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.models import DatasetRow, RunRow
from backend.services.datasets.browsing import to_dataset
from shared.base.states import RunState
from shared.configs import PretrainConfig
from shared.configs.kinds import RunKind
from shared.configs.presets import PRESETS, SELF_TEST_PRESET
from shared.contract.datasets import Dataset
from shared.planning.cost import Cost, decoder_flops, encoder_flops, estimate_cost, same_shape

WITHOUT_COST = frozenset(
    "epochs warmup_epochs blr min_lr weight_decay seed eval_every_epochs early_stopping_patience "
    "keep_checkpoints sample_count norm_pix_loss variance_floor knn_k knn_temperature".split()
)
"""Settings that may change the number of steps, but not the cost of a step or an evaluation."""

SELF_TESTED = PretrainConfig(dataset="made-up", **PRESETS[SELF_TEST_PRESET].values)
SELF_TEST_FLOPS = 3 * (encoder_flops(SELF_TESTED, 3) + decoder_flops(SELF_TESTED, 3))
"""Of one image of a self-test, forward and backward."""

MAX_RUNS = 50
"""Newest succeeded runs of a kind that are considered."""

WITHOUT_TIME = frozenset({"seed", "name"})
"""Settings that do not change how long a job takes."""

ONLY_LEARNING = frozenset(
    "seed blr min_lr weight_decay warmup_epochs norm_pix_loss variance_floor knn_k knn_temperature".split()
)
"""Settings of a pretraining that change what it learns, not its time; a subset of WITHOUT_COST."""


@dataclass(frozen=True)
class Timing:
    """How fast a run is; `source` and `basis` as in Estimate."""

    source: Literal["measured", "earlier run", "estimated"]
    basis: str
    images_per_s: float | None = None
    total_s: float | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True)
class RunHistory:
    """Earlier runs of this home, read once."""

    session: Session
    _succeeded: dict[RunKind, list[RunRow]] = field(default_factory=dict, repr=False)
    _timings: dict[tuple[str, str], Timing] = field(default_factory=dict, repr=False)

    def timing(self, config: PretrainConfig, cost: Cost, dataset: Dataset) -> Timing:
        """From the best source: a preflight, an earlier run of the same shape, any run by FLOPs."""
        key = dataset.digest, config.model_dump_json(exclude=set(ONLY_LEARNING))
        if key not in self._timings:
            self._timings[key] = self._timing(config, cost, dataset)
        return self._timings[key]

    def _timing(self, config: PretrainConfig, cost: Cost, dataset: Dataset) -> Timing:
        preflights = self.succeeded(RunKind.PREFLIGHT)
        measured = next((run for run in preflights if _has_same_cost(run, config, dataset)), None)
        if measured is not None:
            return _measured(measured, config, cost)
        known = [*self.succeeded(RunKind.PRETRAIN), *self.running()]
        trainings = [run for run in known if run.progress.get("images_per_s")]
        alike = next((run for run in trainings if same_shape(config, run.config)), None)
        if alike is not None:
            return _of_same_shape(alike, cost, dataset)
        return self._scaled(trainings, cost)

    def expected_s(self, run: RunRow) -> float | None:
        """Seconds that a waiting run will take, or that remain of a resumed one; None if unknown."""
        whole = self._of_same_config(run)
        if whole is None and run.kind == RunKind.PRETRAIN:
            whole = self._estimated(run)
        total = run.progress.get("total_steps")
        return None if whole is None else whole * (1 - run.progress["step"] / total if total else 1)

    def succeeded(self, kind: RunKind) -> list[RunRow]:
        """Newest first."""
        if kind not in self._succeeded:
            query = select(RunRow).where(RunRow.kind == kind.value, RunRow.state == RunState.SUCCEEDED.value)
            newest = query.order_by(RunRow.created_at.desc()).limit(MAX_RUNS)
            self._succeeded[kind] = list(self.session.scalars(newest))
        return self._succeeded[kind]

    def running(self) -> list[RunRow]:
        """The active pretraining: a better source for its shape than an ended one of another."""
        query = select(RunRow).where(
            RunRow.kind == RunKind.PRETRAIN.value, RunRow.state == RunState.RUNNING.value
        )
        return list(self.session.scalars(query))

    def _of_same_config(self, run: RunRow) -> float | None:
        """Duration of the newest run with the same config, except seed, that succeeded in one attempt."""
        for other in self.succeeded(RunKind(run.kind)):
            same = other.dataset_digest == run.dataset_digest and _timed(other) == _timed(run)
            if same and other.attempt == 1:
                return _duration_s(other)
        return None

    def _estimated(self, run: RunRow) -> float | None:
        dataset = self.session.get(DatasetRow, run.config["dataset"])
        if dataset is None:
            return None
        config, described = PretrainConfig.model_validate(run.config), to_dataset(dataset)
        return self.timing(config, estimate_cost(config, described), described).total_s

    def _scaled(self, trainings: Sequence[RunRow], cost: Cost) -> Timing:
        """By FLOPs from the longest recent training (short ones are mostly start-up), else from the
        self-test."""
        known = [run for run in trainings if self.session.get(DatasetRow, run.dataset) is not None]
        tests = [run for run in self.succeeded(RunKind.SELFTEST) if run.progress.get("images_per_s")]
        if known:
            run = max(known, key=_duration_s)
            other = to_dataset(self.session.get_one(DatasetRow, run.dataset))
            theirs = estimate_cost(PretrainConfig.model_validate(run.config), other).training_flops
        elif tests:
            run = tests[0]
            theirs = SELF_TEST_FLOPS
        else:
            return Timing("estimated", "nothing has been trained here yet; Measure times a few steps")
        rate = float(run.progress["images_per_s"]) * theirs / cost.training_flops
        basis = f"scaled by FLOPs from {run.id}; small and large models use a device differently"
        return Timing("estimated", basis, rate, cost.images_seen / rate)


def _timed(run: RunRow) -> dict[str, object]:
    return {key: value for key, value in run.config.items() if key not in WITHOUT_TIME}


def _of_same_shape(run: RunRow, cost: Cost, dataset: Dataset) -> Timing:
    rate = float(run.progress["images_per_s"])
    ended = run.state == RunState.SUCCEEDED
    verbs = ("had", "made") if ended else ("has", "makes")
    basis = f"{run.id} {verbs[0]} this shape and {verbs[1]} {rate:,.0f} images/s"
    seen = (
        run.latest_metrics.get("system/peak_memory_bytes") if run.dataset_digest == dataset.digest else None
    )
    return Timing("earlier run", basis, rate, cost.images_seen / rate, int(seen) if seen else None)


def _has_same_cost(run: RunRow, config: PretrainConfig, dataset: Dataset) -> bool:
    values = config.model_dump(mode="json", exclude=set(WITHOUT_COST))
    return run.dataset_digest == dataset.digest and all(
        run.config.get(key) == value for key, value in values.items()
    )


def _measured(run: RunRow, config: PretrainConfig, cost: Cost) -> Timing:
    figures = {key.removeprefix("preflight/"): value or 0.0 for key, value in run.latest_metrics.items()}
    step_s, evaluation_s = figures["step_s"], figures["evaluation_s"]
    total = figures["startup_s"] + cost.steps * step_s + cost.evaluations * evaluation_s
    return Timing(
        "measured",
        f"steps and an evaluation of this config, measured by {run.id}",
        config.batch_size / step_s if step_s else None,
        total,
        int(figures["peak_memory_bytes"]),
    )


def _duration_s(run: RunRow) -> float:
    started, ended = run.started_at, run.ended_at
    return (ended - started).total_seconds() if started and ended else 0.0
