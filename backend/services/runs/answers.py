"""Runs on the wire."""

from collections.abc import Iterable, Mapping

from sqlalchemy.orm import Session

from backend.db.models import RunRow
from backend.jobs import queue
from shared.base.states import RunState
from shared.configs.kinds import Lane, Trait, has_trait
from shared.contract.runs import Progress, Run

IMPORTED = "imported"
"""Key in the progress of an imported run."""


def progress_of(row: RunRow) -> Progress:
    progress = {key: value for key, value in row.progress.items() if key in Progress.model_fields}
    if "at" in row.progress:
        progress["heartbeat_at"] = row.progress["at"]
    return Progress.model_validate(progress)


def to_run(row: RunRow, references: dict[str, float], positions: Mapping[str, int]) -> Run:
    """`references` are baselines of its dataset, `positions` places in the queue by run."""
    return Run.from_attributes(
        row,
        queue_position=positions.get(row.id),
        progress=progress_of(row),
        metrics=row.latest_metrics,
        baselines=baselines_beside(row, references),
        images_per_s=row.progress.get("images_per_s"),
        imported=bool(row.progress.get(IMPORTED)),
    )


def queue_positions(session: Session, rows: Iterable[RunRow]) -> dict[str, int]:
    """Places, from 1, of all runs in the lanes where one of `rows` is waiting."""
    waiting_lanes = {Lane(row.lane) for row in rows if row.state == RunState.QUEUED}
    waiting = [session.scalars(queue.waiting(lane).with_only_columns(RunRow.id)) for lane in waiting_lanes]
    return {run_id: place for ids in waiting for place, run_id in enumerate(ids, start=1)}


def baselines_beside(row: RunRow, references: dict[str, float]) -> dict[str, float]:
    """Baselines of a run's accuracies: references of the dataset, and the random init, from its own
    evaluation at step 0. A probe trained online is untrained then, so random_init/ metrics replace it."""
    if not has_trait(row.kind, Trait.TRAINS):
        return {}
    if has_trait(row.kind, Trait.CLASSIFIES):  # at step 0 their head is untrained
        return references
    own = {
        f"random_init_{name}": value
        for key, value in row.initial_metrics.items()
        for family, _, name in [key.partition("/")]
        if family in ("val", "random_init") and name.endswith("accuracy") and value is not None
    }
    return references | own
