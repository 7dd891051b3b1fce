"""The evaluations of a training from the database, for the trend in backend.stats.trend."""

from sqlalchemy.orm import Session

from backend.db.models import RunRow
from backend.db.points import read_points
from backend.jobs.dataset_names import dataset_here
from backend.stats.trend import TrainingHistory
from shared.base.states import TERMINAL, RunState
from shared.base.vocabulary import Split
from shared.configs.kinds import RunKind
from shared.contract.runs import KNN, judged_key

RANK = "val/rankme"


def read_history(session: Session, row: RunRow) -> TrainingHistory:
    """The evaluations of a training, and the settings that its trend depends on."""
    key = judged_key(RunKind(row.kind), row.config.get("online_probe"))
    points = read_points(session, row.id, (key, KNN, RANK), "step")
    return TrainingHistory(
        key=key,
        accuracy=points[key],
        rank=points[RANK],
        width=row.config.get("embed_dim"),
        n=_validation_rows(session, row.eval_dataset_digest),
        labelled=bool(points[key] or points[KNN]),
        patience=row.config.get("early_stopping_patience", 0),
        total_steps=row.progress.get("total_steps"),
        ended=RunState(row.state) in TERMINAL,
    )


def _validation_rows(session: Session, digest: str | None) -> int | None:
    """Labelled validation rows of a run's eval dataset, None if it is missing. Splits are stratified, so
    missing labels are spread evenly over them."""
    dataset = dataset_here(session, digest)
    if dataset is None or not dataset.info["n"]:
        return None
    unlabelled: float = dataset.info["unlabelled"] / dataset.info["n"]
    rows: int = dataset.info["split_counts"].get(Split.VAL.value, 0)
    return round(rows * (1 - unlabelled))
