"""Evaluations without an encoder: what a probe's job leaves, for probabilities that a test makes up."""

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from backend.db.engine import Database
from backend.db.models import DatasetRow, RunRow
from backend.jobs.registry import register
from backend.jobs.run_dir import RunDir
from backend.settings import Settings
from backend.stats.judging import judge
from backend.stats.predictions import Predictions, joined
from shared.base.vocabulary import SPLIT_CODES, Basis, Head, Split
from shared.configs import ProbeConfig
from shared.configs.kinds import RunKind
from shared.contract.evaluations import Evaluation
from tests.homes import enqueue

Truth = NDArray[np.int64]


def enter_evaluation(
    database: Database,
    settings: Settings,
    true: Truth,
    probabilities: NDArray[np.float64],
    *,
    dataset: str = "sky",
    rows: Truth | None = None,
) -> Evaluation:
    """One linear head on `dataset`, whose test rows are `rows` (the first ones where absent); the same
    predictions stand for validation."""
    with database.read() as session:
        info = session.get_one(DatasetRow, dataset).info
    names = list(info["class_names"])
    rows = np.arange(len(true)) if rows is None else rows
    test, val = (
        Predictions.of(rows, SPLIT_CODES[split], true, probabilities) for split in (Split.TEST, Split.VAL)
    )
    config = ProbeConfig(encoder="quiet-spiral-1", dataset=dataset)
    run_id = enqueue(database, settings.runs_dir, RunKind.PROBE, config)
    facts = {
        "id": f"{run_id}.encoder-linear-s0", "run": run_id, "encoder": "quiet-spiral-1", "step": 7,
        "dataset": dataset, "dataset_digest": info["digest"], "basis": Basis.ENCODER, "head": Head.LINEAR,
        "depth": 2, "layers": 2, "pooling": "mean", "label_fraction": 1.0, "seed": 0, "estimator": "linear",
        "seen_in_pretraining": 0, "created_at": datetime.now(UTC),
    }  # fmt: skip
    evaluation = judge(facts, names, np.bincount(true, minlength=len(names)), test, val)
    folder = RunDir(settings.runs_dir / run_id).evaluations
    joined([val, test]).save(folder / f"{evaluation.id}.npz")
    with database.write() as session:
        run = session.get_one(RunRow, run_id)
        register(session, run, {"evaluations": [evaluation.model_dump(mode="json")]})
    return evaluation
