"""The supervisor's chores: measuring runs, removing deleted ones, and stopping unpromising runs of sweeps."""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Select, delete, select, update

from backend.db.engine import WITH_DELETED, Database
from backend.db.models import RunRow
from backend.jobs.notices import delete_old, note_stalls
from backend.jobs.sweep_stopping import SweepStopping
from backend.settings import Settings
from shared.base.states import HAS_WORKER
from shared.contract.runs import UNDO_H

PURGE_EVERY = timedelta(minutes=1)
MEASURE_EVERY = timedelta(seconds=30)
"""Interval for active runs; the folder of an ended run no longer changes."""


class Housekeeping:
    """`tick` does little at a time, so that rounds of the supervisor stay short."""

    def __init__(self, settings: Settings, database: Database, now: Callable[[], datetime]) -> None:
        self.settings, self.database, self.now = settings, database, now
        self._purged_at: datetime | None = None
        self._measured_at: datetime | None = None
        self._sweeps = SweepStopping(database)

    def tick(self) -> None:
        self._measure_next()
        if self._measured_at is None or self.now() - self._measured_at > MEASURE_EVERY:
            self._measured_at = self.now()
            self._measure_all(select(RunRow.id).where(RunRow.state.in_(HAS_WORKER)))
            with self.database.write() as session:
                note_stalls(session)
        if self._purged_at is None or self.now() - self._purged_at > PURGE_EVERY:
            self._purged_at = self.now()
            self.purge()
            with self.database.write() as session:
                delete_old(session)
        self._sweeps.tick()

    def purge(self) -> None:
        """Remove runs deleted too long ago to be restored. The folder is removed first, so that a kill in
        between leaves a row that is removed the next time."""
        expired = select(RunRow.id).where(RunRow.deleted_at < self.now() - timedelta(hours=UNDO_H))
        with self.database.read() as session:
            gone = list(session.scalars(expired, execution_options=WITH_DELETED))
        for run_id in gone:
            for place in (self.settings.trash_dir, self.settings.runs_dir):
                shutil.rmtree(place / run_id, ignore_errors=True)
            with self.database.write() as session:
                session.execute(delete(RunRow).where(RunRow.id == run_id))

    def _measure_next(self) -> None:
        """One run of unknown size per round."""
        self._measure_all(select(RunRow.id).where(RunRow.disk_bytes.is_(None)).limit(1))

    def _measure_all(self, runs: Select[str]) -> None:
        with self.database.read() as session:
            found = list(session.scalars(runs))
        for run_id in found:
            size = folder_bytes(self.settings.runs_dir / run_id)
            with self.database.write() as session:
                session.execute(update(RunRow).where(RunRow.id == run_id).values(disk_bytes=size))


def folder_bytes(folder: Path) -> int:
    """Total size of all files below a folder; 0 if it does not exist."""
    total = 0
    for path in folder.rglob("*"):
        try:
            status = path.lstat()
        except FileNotFoundError:  # replaced while it was listed
            continue
        total += status.st_size if path.is_file() and not path.is_symlink() else 0
    return total
