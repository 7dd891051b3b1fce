"""Registering the results of finished runs: datasets, reference accuracies and evaluations."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db.models import BaselineRow, DatasetRow, EvaluationRow, RunRow
from backend.jobs import queue
from backend.jobs.dataset_names import dataset_here, name_in_runs
from backend.jobs.queue import ReadyRun
from shared.base.states import TERMINAL
from shared.configs import BaselinesConfig
from shared.configs.kinds import RunKind, Trait, has_trait
from shared.contract.evaluations import Evaluation


def register(session: Session, run: RunRow, produced: dict[str, Any]) -> None:
    """Add the dataset, baselines or evaluations that `run` produced to the database. Idempotent."""
    if "dataset" in produced:
        run.dataset = _register_dataset(session, produced["dataset"], produced["file"])
    for key, value in produced.get("baselines", {}).items():
        session.merge(BaselineRow(dataset_digest=produced["dataset_digest"], key=key, value=value))
    for info in produced.get("evaluations", []):
        _register_evaluation(session, run, info)


def _register_evaluation(session: Session, run: RunRow, info: dict[str, Any]) -> None:
    evaluation = Evaluation.model_validate(info)
    session.merge(
        EvaluationRow(
            id=evaluation.id,
            run_id=run.id,
            encoder_id=run.config.get("encoder"),
            dataset_digest=evaluation.dataset_digest,
            info=info,
            created_at=evaluation.created_at,
        )
    )


def _register_dataset(session: Session, info: dict[str, Any], file: str) -> str:
    """Add it under its name, or the next free one if that has been taken meanwhile, so that a long import is
    not lost. Returns the name."""
    same = select(DatasetRow).where(DatasetRow.file == file, DatasetRow.digest == info["digest"])
    known = session.scalar(same)
    if known is not None:  # added before the supervisor was killed
        return known.name
    name, count = info["name"], 1
    while session.get(DatasetRow, name) is not None:
        count += 1
        name = f"{info['name']}-{count}"
    session.add(
        DatasetRow(
            name=name,
            file=file,
            digest=info["digest"],
            description=info.get("description", ""),
            info=info,
            created_at=datetime.now(UTC),
        )
    )
    session.flush()
    name_in_runs(session, str(name), info["digest"])
    return str(name)


def request_baselines(session: Session, runs_dir: Path, run: RunRow) -> None:
    """Queue the reference accuracies of a training's eval dataset once its first step is stored."""
    if (
        not has_trait(run.kind, Trait.TRAINS)
        or "train/loss" not in run.latest_metrics
        or not run.eval_dataset_digest
    ):
        return
    dataset = dataset_here(session, run.eval_dataset_digest)
    if dataset is None or not dataset.info["class_names"] or baselines_of(session, dataset.digest):
        return
    if baselines_pending(session, dataset.digest, since=run.created_at):  # one attempt per run
        return
    queue.enqueue(session, runs_dir, ReadyRun(RunKind.BASELINES, BaselinesConfig(dataset=dataset.name)))


def baselines_of(session: Session, digest: str | None) -> dict[str, float]:
    """Reference accuracies by key, empty if not computed yet."""
    rows = session.execute(
        select(BaselineRow.key, BaselineRow.value).where(BaselineRow.dataset_digest == digest)
    )
    return {row.key: row.value for row in rows}


def baselines_pending(session: Session, digest: str | None, since: datetime | None = None) -> bool:
    """Whether a job that computes them is queued or active, or was queued after `since`."""
    current = RunRow.state.not_in(TERMINAL)
    job = select(func.count()).where(
        RunRow.kind == RunKind.BASELINES.value,
        RunRow.dataset_digest == digest,
        current if since is None else current | (RunRow.created_at > since),
    )
    return bool(session.scalar(job))
