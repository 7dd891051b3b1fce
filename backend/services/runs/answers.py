"""A run as it crosses the wire."""

from collections.abc import Iterable, Mapping

from sqlalchemy.orm import Session

from backend.db.models import RunRow
from backend.jobs import lanes
from shared.base.states import RunState
from shared.configs.kinds import Lane, RunKind, Trait, has_trait
from shared.contract.runs import Progress, Run

IMPORTED = "imported"
"""Key in the progress of a run that came as a zip."""


def progress_of(row: RunRow) -> Progress:
    """How far a run is, as it crosses the wire."""
    progress = {key: value for key, value in row.progress.items() if key in Progress.model_fields}
    if "at" in row.progress:
        progress["heartbeat_at"] = row.progress["at"]
    return Progress.model_validate(progress)


def to_run(row: RunRow, references: dict[str, float], positions: Mapping[str, int]) -> Run:
    """The run as it crosses the wire; `references` are those of its dataset, `positions` of waiting runs."""
    return Run(
        id=row.id,
        kind=RunKind(row.kind),
        lane=Lane(row.lane),
        name=row.name,
        tags=row.tags,
        note=row.note,
        archived=row.archived,
        state=RunState(row.state),
        reason=row.reason,
        suggestion=row.suggestion,
        preset=row.preset,
        dataset=row.dataset,
        dataset_digest=row.dataset_digest,
        config=row.config,
        parent_id=row.parent_id,
        attempt=row.attempt,
        queue_position=positions.get(row.id),
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        progress=progress_of(row),
        metrics=row.latest_metrics,
        baselines=baselines_beside(row, references),
        images_per_s=row.progress.get("images_per_s"),
        disk_bytes=row.disk_bytes,
        imported=bool(row.progress.get(IMPORTED)),
    )


def queue_positions(session: Session, rows: Iterable[RunRow]) -> dict[str, int]:
    """Places from 1 of everything that waits in the lanes in which one of `rows` does."""
    busy = {Lane(row.lane) for row in rows if row.state == RunState.QUEUED}
    waiting = [session.scalars(lanes.waiting(lane).with_only_columns(RunRow.id)) for lane in busy]
    return {run_id: place for ids in waiting for place, run_id in enumerate(ids, start=1)}


def baselines_beside(row: RunRow, references: dict[str, float]) -> dict[str, float]:
    """What stands beside a run's accuracies: references of the dataset, and a pretraining's own evaluation at
    step 0 as its random init; a probe that learns beside the encoder knows nothing then, and another stands
    in for it under random_init/."""
    if not has_trait(row.kind, Trait.TRAINS):
        return {}
    if has_trait(row.kind, Trait.CLASSIFIES):  # at step 0 their head knows nothing: that is no reference
        return references
    own = {
        f"random_init_{name}": value
        for key, value in row.initial_metrics.items()
        for family, _, name in [key.partition("/")]
        if family in ("val", "random_init") and name.endswith("accuracy") and value is not None
    }
    return references | own
