"""Curves: points by cursor, thinned where a reader wants fewer."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from tsdownsample import MinMaxLTTBDownsampler

from backend.db.engine import Database
from backend.db.points import Curve, Floats, finite, read_curves
from backend.services.datasets.tables import TableFormat, table_file
from backend.services.runs.lifecycle import find_row
from shared.contract.runs import MetricsPage, Series

COLUMNS = pa.schema(
    [
        ("key", pa.string()),
        ("step", pa.int64()),
        ("epoch", pa.float64()),
        ("time", pa.float64()),
        ("value", pa.float64()),
    ]
)


def read_metrics(
    database: Database, run_id: str, *, since: int = 0, max_points: int = 2000, keys: Sequence[str] = ()
) -> MetricsPage:
    """Points of `keys` (all where empty) stored after the cursor `since`, each series in order of step and
    thinned to about `max_points` by MinMaxLTTB, which keeps extremes and both ends."""
    with database.read() as session:
        attempt = 1 + find_row(session, run_id).resets
        curves = read_curves(session, run_id, keys, since=since)
    newest = max((int(curve.id.max()) for curve in curves.values()), default=since)
    series = {key: _series(curve, max_points) for key, curve in curves.items()}
    return MetricsPage(series=series, next=newest, attempt=attempt)


def metrics_table(database: Database, run_id: str, file_format: TableFormat) -> bytes:
    """Every point as key, step, epoch, time (Unix seconds) and value, empty where that was not finite."""
    with database.read() as session:
        find_row(session, run_id)
        curves = read_curves(session, run_id)
    tables = [_table(key, curve) for key, curve in curves.items()]
    return table_file(pa.concat_tables([COLUMNS.empty_table(), *tables]), file_format)


def _table(key: str, curve: Curve) -> pa.Table:
    value = pa.array(curve.value, mask=np.isnan(curve.value))
    columns = [pa.array([key] * len(curve.step)), curve.step, curve.epoch, curve.time, value]
    return pa.table(columns, schema=COLUMNS)


def _kept(steps: Floats, values: Floats, max_points: int) -> list[int]:
    """Places of the points that are kept, rising: all where there are few, else those of MinMaxLTTB, and
    gaps (NaN)."""
    if len(steps) <= max_points:
        return list(range(len(steps)))
    kept = set(MinMaxLTTBDownsampler().downsample(steps, np.nan_to_num(values), n_out=max_points).tolist())
    return sorted(kept | set(np.flatnonzero(np.isnan(values)).tolist()[:max_points]))


def _series(curve: Curve, max_points: int) -> Series:
    kept = curve.take(_kept(curve.step.astype(np.float64), curve.value, max_points))
    return Series(
        step=kept.step.tolist(),
        value=finite(kept.value),
        epoch=kept.epoch.tolist(),
        time=kept.time.tolist(),
    )
