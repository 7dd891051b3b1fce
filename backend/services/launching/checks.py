"""What is asked of a run before it is queued: that it can work at all."""

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import DatasetRow, RunRow
from backend.errors import ConflictError, InvalidInputError
from backend.jobs import lanes
from backend.services.launching.sources import MakerConfig, check_maker, check_weights
from backend.settings import Settings
from shared.base.runs import TRAINING_KINDS, Lane, RunKind, RunState
from shared.configs import AdoptConfig, Config, PretrainConfig, SubsetConfig


def check_run(
    database: Database, settings: Settings, kind: RunKind, config: Config, roots: tuple[Path, ...] | None
) -> None:
    """Raise, in one sentence for the person who asked, where the run could only fail. `roots` are the folders
    it may read; None allows all."""
    if isinstance(config, MakerConfig):
        check_maker(database, settings, config, roots)
    if isinstance(config, AdoptConfig):
        check_weights(config, roots)
    with database.read() as session:
        if isinstance(config, SubsetConfig):
            _require_classes(session, config)
        if isinstance(config, PretrainConfig):
            check_eval_dataset(session, config)
        if kind is RunKind.PREFLIGHT:
            _require_idle_device(session)


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
        RunRow.state == RunState.QUEUED.value, RunRow.kind.in_([kind.value for kind in TRAINING_KINDS])
    )
    busy = lanes.at_work(session, Lane.TRAIN) or session.scalar(queued.limit(1))
    if busy is not None:
        raise ConflictError(
            "device_busy",
            f"{busy.id} has the device, so nothing can be measured; the figures stay estimated until it ends",
        )


def _require_classes(session: Session, config: SubsetConfig) -> None:
    row = session.get(DatasetRow, config.dataset)
    known = row.info["class_names"] if row else config.classes
    missing = [name for name in config.classes if name not in known]
    if missing:
        there = ", ".join(known) or "none"
        raise InvalidInputError(
            "unknown_class", f"{config.dataset} has no class {missing[0]}; there are: {there}", "classes"
        )
