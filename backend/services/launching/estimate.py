"""Before a launch: its cost (memory, time, disk) and its first batch."""

import shutil
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import RunRow
from backend.errors import InvalidInputError
from backend.jobs import queue
from backend.services.datasets.browsing import Datasets, require_dataset, to_dataset
from backend.services.launching.create import resolve_config
from backend.services.launching.pretraining import check_eval_dataset
from backend.services.machine.status import badge, free_memory_bytes
from backend.services.runs.queue import expected_starts
from backend.services.runs.times import RunHistory
from backend.settings import Settings
from shared.configs import PretrainConfig
from shared.configs.kinds import Lane, Trait, has_trait
from shared.contract.launching import Estimate
from shared.contract.runs import RunRequest
from shared.planning.cost import estimate_cost, training_rows


def estimate_launch(database: Database, settings: Settings, request: RunRequest) -> Estimate:
    """The cost of a launch and when it would start; queues nothing. Raises as a launch would."""
    config = resolve_config(request)
    if not isinstance(config, PretrainConfig):
        raise InvalidInputError("no_estimate", f"a job of kind {request.kind} has no estimate", "kind")
    with database.read() as session:
        dataset = to_dataset(require_dataset(session, config.dataset))
        if config.eval_dataset is not None:
            require_dataset(session, config.eval_dataset, "eval_dataset")
            check_eval_dataset(session, config)
        cost = estimate_cost(config, dataset)
        timing = RunHistory(session).timing(config, cost, dataset)
        busy = queue.at_work(session, Lane.TRAIN)
        paused = queue.paused_at(session, Lane.TRAIN) is not None
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


def first_batch_png(datasets: Datasets, request: RunRequest) -> bytes:
    """PNG of the first images of the first step: original, augmented, masked. Raises as a launch would."""
    from backend.ml.pretraining.first_batch import first_batch_png as draw

    config = resolve_config(request)
    if not isinstance(config, PretrainConfig):
        raise InvalidInputError("no_batches", f"a job of kind {request.kind} has no batches", "kind")
    dataset = datasets.get(config.dataset)
    rows = training_rows(config.pretrain_rows, dataset)
    if rows < config.batch_size:
        raise InvalidInputError(
            "batch_too_large",
            f"batch_size {config.batch_size} exceeds the {rows} training rows of {dataset.name}; try "
            f"{max(rows // 4, 2)}",
            "batch_size",
        )
    with datasets.use(config.dataset) as store:
        return draw(store, config)


def load_torch() -> None:
    """Import what the first picture needs, so that it is quick."""
    from backend.ml.pretraining import first_batch  # noqa: F401 imported for its side effect


def _start(session: Session, busy: RunRow | None) -> tuple[float | None, str]:
    """Seconds until a training queued now would start, and after which runs. Preflights do not count: they
    give way to it."""
    if queue.paused_at(session, Lane.TRAIN) is not None:
        return None, "when the train queue is resumed"
    before = [run for run in session.scalars(queue.waiting(Lane.TRAIN)) if has_trait(run.kind, Trait.TRAINS)]
    training = busy if busy is not None and has_trait(busy.kind, Trait.TRAINS) else None
    names = [run.id for run in [training, *before] if run is not None]
    if not names:
        return 0.0, "at once"
    after = f"after {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
    return expected_starts(session, training, before, datetime.now(UTC))[-1], after
