"""Preparing pretrainings and their preflights."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.models import DatasetRow, RunRow
from backend.errors import ConflictError, InvalidInputError
from backend.jobs import queue
from backend.jobs.queue import ReadyRun
from backend.services.launching.context import LaunchContext
from shared.base.states import RunState
from shared.configs import PretrainConfig
from shared.configs.kinds import Lane, RunKind, Trait, kinds_with, values_of


def prepare_pretraining(context: LaunchContext, config: PretrainConfig) -> ReadyRun:
    with context.database.read() as session:
        check_eval_dataset(session, config)
    return ReadyRun(RunKind.PRETRAIN, config)


def prepare_preflight(context: LaunchContext, config: PretrainConfig) -> ReadyRun:
    """Raises ConflictError where the device is busy: a preflight measures only on an idle one."""
    with context.database.read() as session:
        check_eval_dataset(session, config)
        _require_idle_device(session)
    return ReadyRun(RunKind.PREFLIGHT, config)


def check_eval_dataset(session: Session, config: PretrainConfig) -> None:
    """Raise InvalidInputError where the eval_dataset has no labels, or other bands than the model sees."""
    trained = session.get(DatasetRow, config.dataset)
    probed = session.get(DatasetRow, config.eval_dataset) if config.eval_dataset else None
    if trained is None or probed is None:
        return  # enqueue raises for missing ones
    ours, theirs = len(trained.info["bands"]), len(probed.info["bands"])
    if ours != theirs:
        detail = (
            f"{probed.name} has {theirs} bands and {trained.name} has {ours}; choose another eval_dataset"
        )
        raise InvalidInputError("bands_differ", detail, "eval_dataset")
    if not probed.info["class_names"]:
        detail = f"{probed.name} has no labels to probe on; choose another eval_dataset"
        raise InvalidInputError("no_labels", detail, "eval_dataset")


def _require_idle_device(session: Session) -> None:
    if queue.paused_at(session, Lane.TRAIN) is not None:
        detail = "the train queue is paused, so nothing can be measured; resume it, or use the estimate"
        raise ConflictError("queue_paused", detail)
    queued = select(RunRow).where(
        RunRow.state == RunState.QUEUED.value, RunRow.kind.in_(values_of(kinds_with(Trait.TRAINS)))
    )
    busy = queue.at_work(session, Lane.TRAIN) or session.scalar(queued.limit(1))
    if busy is not None:
        detail = f"{busy.id} is using the device; figures stay estimates until it ends"
        raise ConflictError("device_busy", detail)
