"""Curves: points by cursor, thinned where a reader wants fewer."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from sqlalchemy.orm import Session
from tsdownsample import MinMaxLTTBDownsampler

from backend.db.engine import Database
from backend.services.runs import find_row
from backend.services.tables import TableFormat, table_file
from shared.runs import MetricsPage, Series

Point = tuple[int, str, int, float | None, float, float]
"""(id, key, step, value, epoch, time)"""

COLUMNS = pa.schema(
    [
        ("key", pa.string()),
        ("step", pa.int64()),
        ("epoch", pa.float64()),
        ("time", pa.float64()),
        ("value", pa.float64()),
    ]
)
_ALL = "SELECT key, step, epoch, time, value FROM metrics WHERE run_id = ? ORDER BY key, step"
_SINCE = "SELECT id, key, step, value, epoch, time FROM metrics WHERE run_id = ? AND id > ?"


def read_metrics(
    database: Database, run_id: str, *, since: int = 0, max_points: int = 2000, keys: Sequence[str] = ()
) -> MetricsPage:
    """Points of `keys` (all where empty) stored after the cursor `since`, each series in order of step and
    thinned to about `max_points` by MinMaxLTTB, which keeps extremes and both ends."""
    with database.read() as session:
        attempt = 1 + find_row(session, run_id).resets
        points = _points(session, run_id, since, keys)
    by_key: dict[str, list[Point]] = defaultdict(list)
    for point in points:
        by_key[point[1]].append(point)
    series = {key: _thinned(sorted(found, key=_step), max_points) for key, found in sorted(by_key.items())}
    return MetricsPage(
        series=series, next=max((point[0] for point in points), default=since), attempt=attempt
    )


def metrics_table(database: Database, run_id: str, file_format: TableFormat) -> bytes:
    """Every point as key, step, epoch, time (Unix seconds) and value, empty where that was not finite."""
    with database.read() as session:
        find_row(session, run_id)
        result = session.connection().exec_driver_sql(_ALL, (run_id,))
        points = list(result.cursor.fetchall()) if result.cursor is not None else []
    columns = [list(column) for column in zip(*points, strict=True)] or [[] for _ in COLUMNS]
    return table_file(pa.table(columns, schema=COLUMNS), file_format)


def _points(session: Session, run_id: str, since: int, keys: Sequence[str]) -> list[Point]:
    # The driver's cursor: a million ORM rows would take seconds.
    query, values = _SINCE, [run_id, since, *keys]
    if keys:
        query += f" AND key IN ({', '.join('?' * len(keys))})"
    result = session.connection().exec_driver_sql(query, tuple(values))
    return list(result.cursor.fetchall()) if result.cursor is not None else []


def _step(point: Point) -> int:
    return point[2]


def _thinned(points: list[Point], max_points: int) -> Series:
    if len(points) > max_points:
        finite = np.array([np.nan if point[3] is None else point[3] for point in points])
        steps = np.array([point[2] for point in points], dtype=np.float64)
        kept = set(
            MinMaxLTTBDownsampler().downsample(steps, np.nan_to_num(finite), n_out=max_points).tolist()
        )
        kept |= set(np.flatnonzero(np.isnan(finite)).tolist()[:max_points])
        points = [points[index] for index in sorted(kept)]
    return Series(
        step=[point[2] for point in points],
        value=[point[3] for point in points],
        epoch=[point[4] for point in points],
        time=[point[5] for point in points],
    )
