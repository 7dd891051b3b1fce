"""What a finished run leaves behind for others: datasets and reference accuracies."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db.models import BaselineRow, DatasetRow, RunRow
from backend.jobs import queue
from shared.configs import BaselinesConfig
from shared.runs import TERMINAL, RunKind


def register(session: Session, produced: dict[str, Any]) -> None:
    """Enter a made dataset, or computed baselines, into the database."""
    if "dataset" in produced:
        info = produced["dataset"]
        row = DatasetRow(
            name=info["name"],
            file=produced["file"],
            digest=info["digest"],
            info=info,
            created_at=datetime.now(UTC),
        )
        session.merge(row)
    for key, value in produced.get("baselines", {}).items():
        session.merge(BaselineRow(dataset_digest=produced["dataset_digest"], key=key, value=value))


def request_baselines(session: Session, runs_dir: Path, run: RunRow) -> None:
    """Queue the reference accuracies of a pretraining's dataset, once its first training step is in."""
    if run.kind != RunKind.PRETRAIN or "train/loss" not in run.latest or not run.dataset_digest:
        return
    dataset = session.get(DatasetRow, run.dataset)
    if dataset is None or not dataset.info["class_names"] or _known_or_tried(session, run):
        return
    queue.insert(session, runs_dir, RunKind.BASELINES, BaselinesConfig(dataset=dataset.name), dataset)


def baselines_of(session: Session, digest: str | None) -> dict[str, float]:
    """Reference accuracies by key, empty where not yet computed."""
    rows = session.execute(
        select(BaselineRow.key, BaselineRow.value).where(BaselineRow.dataset_digest == digest)
    )
    return {row.key: row.value for row in rows}


def baselines_pending(session: Session, digest: str | None) -> bool:
    """Whether a job that computes them is queued or at work."""
    done = [state.value for state in TERMINAL]
    job = select(func.count()).where(
        RunRow.kind == RunKind.BASELINES.value, RunRow.dataset_digest == digest, RunRow.state.not_in(done)
    )
    return bool(session.scalar(job))


def _known_or_tried(session: Session, run: RunRow) -> bool:
    """Whether they are there, on their way, or were tried since this run was queued (one try a run)."""
    ended = [state.value for state in TERMINAL]
    tried = select(func.count()).where(
        RunRow.kind == RunKind.BASELINES.value,
        RunRow.dataset_digest == run.dataset_digest,
        RunRow.state.not_in(ended) | (RunRow.created_at > run.created_at),
    )
    return bool(baselines_of(session, run.dataset_digest)) or bool(session.scalar(tried))
