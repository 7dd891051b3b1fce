"""Metrics of a run: curves by cursor, thinned; the whole table; the verdict on a training."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from tsdownsample import MinMaxLTTBDownsampler

from backend.db.engine import Database
from backend.db.points import Curve, Floats, finite, read_curves
from backend.errors import ConflictError
from backend.jobs.training_history import read_history
from backend.services.datasets.tables import TableFormat, table_file
from backend.services.runs.lifecycle import find_row
from backend.stats.trend import judge_training
from shared.configs.kinds import Trait, has_trait
from shared.contract.runs import MetricsPage, Series, Verdict

COLUMNS = pa.schema(
    {
        "key": pa.string(),
        "step": pa.int64(),
        "epoch": pa.float64(),
        "time": pa.float64(),
        "value": pa.float64(),
    }
)


def read_metrics(
    database: Database, run_id: str, *, since: int = 0, max_points: int = 2000, keys: Sequence[str] = ()
) -> MetricsPage:
    """Points of `keys` (all if empty) after the cursor `since`, by step, each series thinned to about
    `max_points` by MinMaxLTTB, which keeps extremes and both ends."""
    with database.read() as session:
        attempt = 1 + find_row(session, run_id).resets
        curves = read_curves(session, run_id, keys, since=since)
    newest = max((int(curve.id.max()) for curve in curves.values()), default=since)
    series = {key: _series(curve, max_points) for key, curve in curves.items()}
    return MetricsPage(series=series, next=newest, attempt=attempt)


def metrics_table(database: Database, run_id: str, file_format: TableFormat) -> bytes:
    """Every point: key, step, epoch, time (Unix seconds), value (empty where not finite)."""
    with database.read() as session:
        find_row(session, run_id)
        curves = read_curves(session, run_id)
    tables = [_table(key, curve) for key, curve in curves.items()]
    return table_file(pa.concat_tables([COLUMNS.empty_table(), *tables]), file_format)


def _table(key: str, curve: Curve) -> pa.Table:
    value = pa.array(curve.value, mask=np.isnan(curve.value))
    columns = [pa.array([key] * len(curve.step)), curve.step, curve.epoch, curve.time, value]
    return pa.table(columns, schema=COLUMNS)


def _series(curve: Curve, max_points: int) -> Series:
    kept = curve.take(_thinned(curve.step.astype(np.float64), curve.value, max_points))
    return Series(
        step=kept.step.tolist(), value=finite(kept.value), epoch=kept.epoch.tolist(), time=kept.time.tolist()
    )


def _thinned(steps: Floats, values: Floats, max_points: int) -> list[int]:
    """Indices of the points to keep, ascending: those of MinMaxLTTB, and gaps (NaN)."""
    if len(steps) <= max_points:
        return list(range(len(steps)))
    kept = set(MinMaxLTTBDownsampler().downsample(steps, np.nan_to_num(values), n_out=max_points).tolist())
    return sorted(kept | set(np.flatnonzero(np.isnan(values)).tolist()[:max_points]))


def read_verdict(database: Database, run_id: str) -> Verdict:
    """Whether a training still improves. Raises NotFoundError, and ConflictError for other jobs."""
    with database.read() as session:
        row = find_row(session, run_id)
        if not has_trait(row.kind, Trait.TRAINS):
            said = f"{run_id} is a job of kind {row.kind}, without training; choose a training"
            raise ConflictError("no_verdict", said)
        return judge_training(read_history(session, row))
