"""Curves: points by cursor, thinned where a reader wants fewer."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy.orm import Session
from tsdownsample import MinMaxLTTBDownsampler

from backend.db.engine import Database
from backend.services.runs import find_row
from backend.services.tables import TableFormat, table_file
from shared.runs import MetricsPage, Series

Floats = npt.NDArray[np.float64]
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
_CURVES = (
    "SELECT key, max(id), group_concat(step), group_concat(ifnull(value, 'nan')) FROM metrics "
    "WHERE run_id = ?{of_keys} GROUP BY key"
)
_KEPT = (
    "SELECT id, key, step, value, epoch, time FROM metrics "
    "WHERE run_id = ? AND key = ? AND step IN (SELECT value FROM json_each(?))"
)
_SINCE = "SELECT id, key, step, value, epoch, time FROM metrics WHERE run_id = ? AND id > ?{of_keys}"


def read_metrics(
    database: Database, run_id: str, *, since: int = 0, max_points: int = 2000, keys: Sequence[str] = ()
) -> MetricsPage:
    """Points of `keys` (all where empty) stored after the cursor `since`, each series in order of step and
    thinned to about `max_points` by MinMaxLTTB, which keeps extremes and both ends."""
    with database.read() as session:
        attempt = 1 + find_row(session, run_id).resets
        if since == 0:
            points, newest = _from_the_start(session, run_id, keys, max_points)
        else:
            points, newest = _after(session, run_id, since, keys, max_points)
    by_key: dict[str, list[Point]] = defaultdict(list)
    for point in points:
        by_key[point[1]].append(point)
    series = {key: _series(sorted(found, key=_step)) for key, found in sorted(by_key.items())}
    return MetricsPage(series=series, next=newest, attempt=attempt)


def metrics_table(database: Database, run_id: str, file_format: TableFormat) -> bytes:
    """Every point as key, step, epoch, time (Unix seconds) and value, empty where that was not finite."""
    with database.read() as session:
        find_row(session, run_id)
        result = session.connection().exec_driver_sql(_ALL, (run_id,))
        points = list(result.cursor.fetchall()) if result.cursor is not None else []
    columns = [list(column) for column in zip(*points, strict=True)] or [[] for _ in COLUMNS]
    return table_file(pa.table(columns, schema=COLUMNS), file_format)


def _from_the_start(
    session: Session, run_id: str, keys: Sequence[str], max_points: int
) -> tuple[list[Point], int]:
    """Thinned points, and the newest id. SQLite writes each curve as one text: row by row the driver takes
    twice as long, and holds up every other thread at each. Only what is kept is read as it is."""
    points: list[Point] = []
    newest = 0
    for key, last, steps, values in _fetch(session, _CURVES, keys, run_id):
        step, value = (np.fromstring(text, sep=",") for text in (steps, values))
        order = np.argsort(step)
        kept = step[order][_kept(step[order], value[order], max_points)]
        points += _fetch(session, _KEPT, (), run_id, key, json.dumps(kept.astype(int).tolist()))
        newest = max(newest, last)
    return points, newest


def _after(
    session: Session, run_id: str, since: int, keys: Sequence[str], max_points: int
) -> tuple[list[Point], int]:
    """Thinned points with an id above `since`, and the newest id."""
    by_key: dict[str, list[Point]] = defaultdict(list)
    for point in _fetch(session, _SINCE, keys, run_id, since):
        by_key[point[1]].append(point)
    newest = max((point[0] for found in by_key.values() for point in found), default=since)
    return [point for found in by_key.values() for point in _thinned(found, max_points)], newest


def _fetch(session: Session, query: str, keys: Sequence[str], *values: str | int) -> list[Any]:
    """Rows by the driver's cursor, as a million ORM rows take seconds; of `keys` where any are given."""
    of_keys = f" AND key IN ({', '.join('?' * len(keys))})" if keys else ""
    result = session.connection().exec_driver_sql(query.format(of_keys=of_keys), (*values, *keys))
    return list(result.cursor.fetchall()) if result.cursor is not None else []


def _step(point: Point) -> int:
    return point[2]


def _thinned(points: Iterable[Point], max_points: int) -> list[Point]:
    ordered = sorted(points, key=_step)
    values = np.array([np.nan if point[3] is None else point[3] for point in ordered])
    steps = np.array([point[2] for point in ordered], dtype=np.float64)
    return [ordered[index] for index in _kept(steps, values, max_points)]


def _kept(steps: Floats, values: Floats, max_points: int) -> list[int]:
    """Places of the points that are kept, rising: all where there are few, else those of MinMaxLTTB, and
    gaps (NaN)."""
    if len(steps) <= max_points:
        return list(range(len(steps)))
    kept = set(MinMaxLTTBDownsampler().downsample(steps, np.nan_to_num(values), n_out=max_points).tolist())
    return sorted(kept | set(np.flatnonzero(np.isnan(values)).tolist()[:max_points]))


def _series(points: Sequence[Point]) -> Series:
    return Series(
        step=[point[2] for point in points],
        value=[point[3] for point in points],
        epoch=[point[4] for point in points],
        time=[point[5] for point in points],
    )
