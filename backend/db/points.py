"""Points of curves. A row is a line of metrics.jsonl, with its values packed as float64.

A set is the keys that a run logs together. A line takes 26 bytes, plus 8 per value; one row per point, each
with its own key, time and indices, took ten times as much.
"""

import struct
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from backend.db.models import MetricLineRow, MetricSetRow

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_COLUMNS = (
    "SELECT group_concat(id), group_concat(step), CAST(group_concat(figures, '') AS BLOB) "
    "FROM metric_lines WHERE set_id = ? AND id > ?"
)
"""A curve as one text: fetched row by row it takes longer, and each row blocks all other threads."""


@dataclass(frozen=True)
class Line:
    """The metrics of one step; None is a value that was not finite."""

    step: int
    epoch: float
    time: float
    values: dict[str, float | None]


@dataclass(frozen=True)
class Curve:
    """Points of one key in order of steps, each step once; `value` is NaN if it was not finite. `id`
    increases with each insert, so readers use it as a cursor."""

    id: Ints
    step: Ints
    epoch: Floats
    time: Floats
    value: Floats

    def take(self, places: npt.ArrayLike) -> "Curve":
        return Curve(*(getattr(self, field.name)[places] for field in fields(self)))


def write_lines(session: Session, run_id: str, lines: Iterable[Line]) -> None:
    """Store lines; each replaces an earlier line of the same keys and step."""
    by_keys: dict[tuple[str, ...], list[Line]] = defaultdict(list)
    for line in lines:
        by_keys[tuple(line.values)].append(line)
    for keys, found in by_keys.items():
        set_id = set_of_keys(session, run_id, keys)
        rows = [{"set_id": set_id, "step": line.step, "figures": _packed(line)} for line in found]
        session.execute(insert(MetricLineRow).prefix_with("OR REPLACE"), rows)


def take_back(session: Session, run_id: str, step: int) -> None:
    """Remove all lines after a step."""
    sets = select(MetricSetRow.id).where(MetricSetRow.run_id == run_id)
    session.execute(delete(MetricLineRow).where(MetricLineRow.set_id.in_(sets), MetricLineRow.step > step))


def latest_values(session: Session, run_id: str) -> dict[str, float | None]:
    """The last value of each key."""
    lines = select(MetricSetRow.keys, MetricLineRow.figures, func.max(MetricLineRow.step).label("step"))
    of_run = lines.join(MetricLineRow, MetricLineRow.set_id == MetricSetRow.id)
    rows = session.execute(of_run.where(MetricSetRow.run_id == run_id).group_by(MetricSetRow.id))
    latest: dict[str, float | None] = {}
    for row in sorted(rows, key=lambda row: row.step):
        values = np.frombuffer(row.figures, "<f8")[2:]
        latest |= dict(zip(row.keys, finite(values), strict=True))
    return latest


def read_curves(
    session: Session, run_id: str, keys: Collection[str] = (), *, since: int = 0
) -> dict[str, Curve]:
    """Curves of `keys` (all if empty) from the lines stored after the cursor `since`."""
    parts: dict[str, list[Curve]] = defaultdict(list)
    sets = select(MetricSetRow.id, MetricSetRow.keys).where(MetricSetRow.run_id == run_id)
    for set_id, of_set in session.execute(sets).all():
        columns = [(place, key) for place, key in enumerate(of_set) if not keys or key in keys]
        if not columns:
            continue
        found = session.connection().exec_driver_sql(_COLUMNS, (set_id, since)).one()
        if found[0] is None:
            continue
        ids, steps = (np.fromstring(text, dtype=np.int64, sep=",") for text in found[:2])
        figures = np.frombuffer(found[2], "<f8").reshape(len(ids), -1).T
        for place, key in columns:
            parts[key].append(Curve(ids, steps, figures[0], figures[1], figures[2 + place]))
    return {key: _joined(parts[key]) for key in sorted(parts)}


def read_points(
    session: Session, run_id: str, keys: Collection[str], by: Literal["step", "epoch"]
) -> dict[str, list[tuple[Any, float]]]:
    """(step or epoch, value) of each key in order of steps, without values that are not finite."""
    found: dict[str, list[tuple[Any, float]]] = {key: [] for key in keys}
    for key, curve in read_curves(session, run_id, keys).items():
        known = zip(getattr(curve, by).tolist(), finite(curve.value), strict=True)
        found[key] = [(place, value) for place, value in known if value is not None]
    return found


def finite(values: Iterable[float]) -> list[float | None]:
    """Values, with None in place of NaN."""
    return [None if value != value else float(value) for value in values]  # noqa: PLR0124


def _joined(parts: Sequence[Curve]) -> Curve:
    """Parts of a curve joined in order of steps; the point stored last wins if two have the same step."""
    columns = [np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Curve)]
    curve = Curve(*columns)
    ordered = curve.take(np.lexsort((curve.id, curve.step)))
    return ordered.take(np.append(ordered.step[1:] != ordered.step[:-1], True))


def _packed(line: Line) -> bytes:
    values = [float("nan") if value is None else value for value in line.values.values()]
    return struct.pack(f"<{2 + len(values)}d", line.epoch, line.time, *values)


def set_of_keys(session: Session, run_id: str, keys: Sequence[str]) -> int:
    """The id of the run's set with exactly these keys, created if missing."""
    known = select(MetricSetRow.id, MetricSetRow.keys).where(MetricSetRow.run_id == run_id)
    for set_id, of_set in session.execute(known):
        if of_set == list(keys):
            return int(set_id)
    return add_set(session, run_id, keys)


def add_set(session: Session, run_id: str, keys: Sequence[str]) -> int:
    """The id of a new set; the run must not have one with these keys."""
    made: Any = insert(MetricSetRow).values(run_id=run_id, keys=list(keys)).returning(MetricSetRow.id)
    return int(session.scalars(made).one())
