"""Metrics of an imported run: ingested into a temporary database, then copied.

A long run has a million points, which take most of a minute to ingest. The copy takes seconds, and only then
do other writers wait.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import Base, RunRow
from backend.db.points import add_set
from backend.jobs.ingest import ingest
from backend.jobs.queue import make_run_id
from backend.jobs.run_dir import RunDir
from shared.base.states import RunState
from shared.configs.kinds import Lane, RunKind

BLOCK = 50_000
_SETS = "SELECT id, keys FROM metric_sets"
_READ = "SELECT set_id, step, figures FROM metric_lines ORDER BY id"
_COPY = "INSERT INTO metric_lines (set_id, step, figures) VALUES (?, ?, ?)"


@dataclass(frozen=True)
class StagedMetrics:
    """Points in a database at `path`, and the row of their run."""

    path: Path
    row: RunRow

    def copy_into(self, session: Session, run_id: str) -> None:
        """Copy them to the existing run `run_id`, in the transaction of the caller."""
        run = session.get_one(RunRow, run_id)
        for column in ("latest_metrics", "initial_metrics", "resets", "ingest_offset"):
            setattr(run, column, getattr(self.row, column))
        with closing(sqlite3.connect(self.path)) as stored:
            sets = {
                set_id: add_set(session, run_id, json.loads(keys)) for set_id, keys in stored.execute(_SETS)
            }
            lines = stored.execute(_READ)
            while block := lines.fetchmany(BLOCK):
                here = [(sets[set_id], step, figures) for set_id, step, figures in block]
                session.connection().exec_driver_sql(_COPY, here)


@contextmanager
def stage_metrics(run_dir: RunDir) -> Iterator[StagedMetrics]:
    """The metrics of a run folder; their database, beside it, is removed afterwards."""
    path = run_dir.path.with_name(f"{run_dir.path.name}.db")
    database = Database(path)
    try:
        with database.write() as session:
            Base.metadata.create_all(session.connection())
            session.add(row := _stand_in())
        more = True
        while more:
            with database.write() as session:
                more = ingest(session, session.get_one(RunRow, row.id), run_dir)
        with database.read() as session:
            yield StagedMetrics(path, session.get_one(RunRow, row.id))
    finally:
        database.close()
        for left in path.parent.glob(f"{path.name}*"):
            left.unlink(missing_ok=True)


def _stand_in() -> RunRow:
    """A row that the points belong to."""
    now, kind, state = datetime.now(UTC), RunKind.PRETRAIN.value, RunState.SUCCEEDED.value
    return RunRow(
        id=make_run_id(), kind=kind, lane=Lane.TRAIN.value, state=state, ingest_offset=0, resets=0,
        state_changed_at=now, created_at=now, config={}, latest_metrics={}, initial_metrics={},
    )  # fmt: skip
