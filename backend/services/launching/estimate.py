"""What a launch would cost: memory, time and disk, measured where it was, else worked out."""

import shutil
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import DatasetRow, RunRow
from backend.errors import InvalidInputError, NotFoundError
from backend.jobs import lanes
from backend.services.datasets.browsing import to_dataset
from backend.services.launching.create import resolve_config
from backend.services.launching.pretraining import check_eval_dataset
from backend.services.machine.facts import badge, free_memory_bytes
from backend.services.runs.queue import expected_starts
from backend.services.runs.times import History
from backend.settings import Settings
from shared.configs import PretrainConfig
from shared.configs.kinds import Lane, Trait, has_trait
from shared.contract.datasets import Dataset
from shared.contract.launching import Estimate
from shared.contract.runs import RunRequest
from shared.planning.cost import estimate_cost


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
        timing = History(session).timing(config, cost, dataset)
        busy = lanes.at_work(session, Lane.TRAIN)
        paused = lanes.paused_at(session, Lane.TRAIN) is not None
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
        device_busy=paused or (busy is not None and has_trait(busy.kind, Trait.TRAINS)),
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


def _start(session: Session, busy: RunRow | None) -> tuple[float | None, str]:
    """In how many seconds a training that is queued now would start, and after what: what only tries a
    launch out gives way to it."""
    if lanes.paused_at(session, Lane.TRAIN) is not None:
        return None, "when the train queue is resumed"
    before = [run for run in session.scalars(lanes.waiting(Lane.TRAIN)) if has_trait(run.kind, Trait.TRAINS)]
    at_work = busy if busy is not None and has_trait(busy.kind, Trait.TRAINS) else None
    if at_work is None and not before:
        return 0.0, "at once"
    names = [run.id for run in [*([at_work] if at_work else []), *before]]
    after = f"after {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
    return expected_starts(session, at_work, before, datetime.now(UTC))[-1], after
