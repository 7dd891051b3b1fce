"""What a launch would cost: memory, time and disk, measured where it was, else worked out."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import DatasetRow, RunRow
from backend.errors import InvalidInputError, NotFoundError
from backend.services.checks import check_eval_dataset, find_at_work
from backend.services.datasets import to_dataset
from backend.services.machine import badge, free_memory_bytes
from backend.services.runs import resolve_config
from backend.settings import Settings
from shared.configs import PretrainConfig
from shared.cost import Cost, decoder_flops, encoder_flops, estimate_cost, same_shape
from shared.datasets import Dataset
from shared.launch import Estimate
from shared.presets import PRESETS, SELF_TEST_PRESET
from shared.runs import TRAINING_KINDS, Lane, RunKind, RunRequest, RunState

WITHOUT_COST = frozenset(
    "epochs warmup_epochs blr min_lr weight_decay seed eval_every_epochs early_stopping_patience "
    "keep_checkpoints sample_count norm_pix_loss variance_floor knn_k knn_temperature".split()
)
"""Settings that change how long a run is, but neither a step nor an evaluation."""

SELF_TESTED = PretrainConfig(dataset="made-up", **PRESETS[SELF_TEST_PRESET].values)
SELF_TEST_FLOPS = 3 * (encoder_flops(SELF_TESTED, 3) + decoder_flops(SELF_TESTED, 3))
"""Of one image of a self-test, forward and backward."""


@dataclass(frozen=True)
class Timing:
    """Seconds of the parts of a run; `source` and `basis` as in Estimate."""

    source: Literal["measured", "earlier run", "estimated"]
    basis: str
    images_per_s: float | None = None
    total_s: float | None = None
    memory_bytes: int | None = None


def estimate_launch(database: Database, settings: Settings, request: RunRequest) -> Estimate:
    """What the launch costs and when it would start. Raises as a launch would, but queues nothing."""
    config = resolve_config(request)
    if not isinstance(config, PretrainConfig):
        raise InvalidInputError("no_estimate", f"a job of kind {request.kind} has no estimate", "kind")
    with database.read() as session:
        dataset = _dataset(session, config.dataset, "dataset")
        if config.eval_dataset is not None:
            _dataset(session, config.eval_dataset, "eval_dataset")
            check_eval_dataset(session, config)
        cost = estimate_cost(config, dataset)
        timing = _timing(session, config, cost, dataset)
        busy = find_at_work(session, Lane.TRAIN)
        starts_in_s, starts = _start(session, busy)
    rate = timing.images_per_s
    free = free_memory_bytes(config.device)
    memory = timing.memory_bytes or cost.memory_bytes
    return Estimate(
        source=timing.source,
        basis=timing.basis,
        device=badge()[0],
        parameters=cost.encoder_parameters + cost.decoder_parameters,
        forward_flops=cost.encoder_flops + cost.decoder_flops,
        training_flops=cost.training_flops,
        memory_bytes=memory,
        memory_free_bytes=free,
        fits=memory < free,
        images_per_s=rate,
        epoch_s=cost.steps_per_epoch * config.batch_size / rate if rate else None,
        total_s=timing.total_s,
        disk_bytes=cost.disk_bytes,
        disk_free_bytes=shutil.disk_usage(settings.home).free,
        device_busy=busy is not None and busy.kind in TRAINING_KINDS,
        starts_in_s=starts_in_s,
        starts=starts,
    )


def _dataset(session: Session, name: str, field: str) -> Dataset:
    row = session.get(DatasetRow, name)
    if row is None:
        raise NotFoundError(
            "dataset_not_found", f"there is no dataset {name}; the data page lists them", field
        )
    return to_dataset(row)


def _timing(session: Session, config: PretrainConfig, cost: Cost, dataset: Dataset) -> Timing:
    """From the best source there is: a preflight, an earlier run of the shape, any run by its FLOPs."""
    preflights = _succeeded(session, RunKind.PREFLIGHT)
    measured = next((run for run in preflights if _tried_just_this(run, config, dataset)), None)
    if measured is not None:
        return _measured(measured, config, cost)
    trainings = [run for run in _succeeded(session, RunKind.PRETRAIN) if run.progress.get("images_per_s")]
    alike = next((run for run in trainings if same_shape(config, run.config)), None)
    if alike is not None:
        rate = float(alike.progress["images_per_s"])
        basis = f"{alike.id} had this shape and made {rate:,.0f} images/s"
        seen = (
            alike.latest.get("system/peak_memory_bytes") if alike.dataset_digest == dataset.digest else None
        )
        return Timing("earlier run", basis, rate, cost.images_seen / rate, int(seen) if seen else None)
    return _scaled(session, trainings, cost)


def _succeeded(session: Session, kind: RunKind) -> list[RunRow]:
    query = select(RunRow).where(RunRow.kind == kind.value, RunRow.state == RunState.SUCCEEDED.value)
    return list(session.scalars(query.order_by(RunRow.created_at.desc()).limit(50)))


def _tried_just_this(run: RunRow, config: PretrainConfig, dataset: Dataset) -> bool:
    wanted = config.model_dump(mode="json", exclude=set(WITHOUT_COST))
    return run.dataset_digest == dataset.digest and all(
        run.config.get(key) == value for key, value in wanted.items()
    )


def _measured(run: RunRow, config: PretrainConfig, cost: Cost) -> Timing:
    figures = {key.removeprefix("preflight/"): value or 0.0 for key, value in run.latest.items()}
    step_s, evaluation_s = figures["step_s"], figures["evaluation_s"]
    total = figures["startup_s"] + cost.steps * step_s + cost.evaluations * evaluation_s
    return Timing(
        "measured",
        f"real steps and an evaluation of just this config, by {run.id}",
        config.batch_size / step_s if step_s else None,
        total,
        int(figures["peak_memory_bytes"]),
    )


def _scaled(session: Session, trainings: Iterable[RunRow], cost: Cost) -> Timing:
    """By FLOPs from the longest of the newest trainings here (a short one tells more of its start), else from
    the self-test."""
    known = [run for run in trainings if session.get(DatasetRow, run.dataset) is not None]
    tests = _succeeded(session, RunKind.SELFTEST)
    if known:
        run = max(known, key=_duration_s)
        other = to_dataset(session.get_one(DatasetRow, run.dataset))
        theirs = estimate_cost(PretrainConfig.model_validate(run.config), other).training_flops
    elif tests:
        run = tests[0]
        theirs = SELF_TEST_FLOPS
    else:
        return Timing("estimated", "nothing has been trained here yet; Measure tells the time")
    rate = float(run.progress["images_per_s"]) * theirs / cost.training_flops
    basis = f"scaled by FLOPs from {run.id}; small and large models use a device differently"
    return Timing("estimated", basis, rate, cost.images_seen / rate)


def _duration_s(run: RunRow) -> float:
    started, ended = run.started_at, run.ended_at
    return (ended - started).total_seconds() if started and ended else 0.0


def _start(session: Session, busy: RunRow | None) -> tuple[float | None, str]:
    waiting = select(RunRow).where(
        RunRow.lane == Lane.TRAIN.value,
        RunRow.state == RunState.QUEUED.value,
        RunRow.kind.in_([kind.value for kind in TRAINING_KINDS]),
    )
    queued = list(session.scalars(waiting))
    if (busy is None or busy.kind not in TRAINING_KINDS) and not queued:
        return 0.0, "at once"
    eta = busy.progress.get("eta_s") if busy is not None else None
    names = [run.id for run in [*([busy] if busy else []), *queued]]
    after = f"after {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
    return (float(eta) if eta is not None and not queued else None), after
