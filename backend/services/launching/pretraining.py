"""What a pretraining, or a preflight of one, needs before it is queued."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.models import DatasetRow, RunRow
from backend.errors import ConflictError, InvalidInputError
from backend.jobs import lanes
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
    """A preflight measures only on an idle device. Raises ConflictError where it is busy."""
    with context.database.read() as session:
        check_eval_dataset(session, config)
        _require_idle_device(session)
    return ReadyRun(RunKind.PREFLIGHT, config)


def check_eval_dataset(session: Session, config: PretrainConfig) -> None:
    """Raise where the probes' dataset has no labels, or other bands than the model will see."""
    trained = session.get(DatasetRow, config.dataset)
    judged = session.get(DatasetRow, config.eval_dataset) if config.eval_dataset else None
    if trained is None or judged is None:
        return  # the queue names what is missing
    ours, theirs = len(trained.info["bands"]), len(judged.info["bands"])
    if ours != theirs:
        raise InvalidInputError(
            "bands_differ",
            f"{judged.name} has {theirs} bands and {trained.name} has {ours}; choose another eval_dataset",
            "eval_dataset",
        )
    if not judged.info["class_names"]:
        raise InvalidInputError(
            "no_labels",
            f"{judged.name} has no labels to probe on; choose another eval_dataset",
            "eval_dataset",
        )


def _require_idle_device(session: Session) -> None:
    if lanes.paused_at(session, Lane.TRAIN) is not None:
        raise ConflictError(
            "queue_paused",
            "the train queue is paused, so nothing can be measured; resume it, or take the estimate",
        )
    queued = select(RunRow).where(
        RunRow.state == RunState.QUEUED.value, RunRow.kind.in_(values_of(kinds_with(Trait.TRAINS)))
    )
    busy = lanes.at_work(session, Lane.TRAIN) or session.scalar(queued.limit(1))
    if busy is not None:
        raise ConflictError(
            "device_busy",
            f"{busy.id} has the device, so nothing can be measured; the figures stay estimated until it ends",
        )
