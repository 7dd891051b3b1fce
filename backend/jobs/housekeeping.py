"""What the supervisor sees to between its rounds: the size of runs, the end of deleted ones, and of members
of sweeps that are not worth going on with."""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, select, update

from backend.db.engine import WITH_DELETED, Database
from backend.db.models import RunRow
from backend.jobs.notices import forget_old, note_stalls
from backend.jobs.sweep_stopping import SweepStopping
from backend.settings import Settings
from shared.base.states import HAS_WORKER
from shared.contract.runs import UNDO_H

PURGE_EVERY = timedelta(minutes=1)
MEASURE_EVERY = timedelta(seconds=30)
"""While a run is at work; afterwards its folder changes no more."""


class Housekeeping:
    """`tick` does a little at a time, so that no round waits for it."""

    def __init__(self, settings: Settings, database: Database, now: Callable[[], datetime]) -> None:
        self.settings, self.database, self.now = settings, database, now
        self._purged_at: datetime | None = None
        self._measured_at: datetime | None = None
        self._sweeps = SweepStopping(database)

    def tick(self) -> None:
        self._measure_next()
        if self._measured_at is None or self.now() - self._measured_at > MEASURE_EVERY:
            self._measured_at = self.now()
            self._measure_working()
            self._say_stalls()
        if self._purged_at is None or self.now() - self._purged_at > PURGE_EVERY:
            self._purged_at = self.now()
            self.purge()
            self._forget_notices()
        self._sweeps.tick()

    def purge(self) -> None:
        """Remove what was deleted too long ago to be had back: its folder first, so that a kill in between
        leaves a row that is removed the next time."""
        over = select(RunRow.id).where(RunRow.deleted_at < self.now() - timedelta(hours=UNDO_H))
        with self.database.read() as session:
            gone = list(session.scalars(over, execution_options=WITH_DELETED))
        for run_id in gone:
            for place in (self.settings.trash_dir, self.settings.runs_dir):
                shutil.rmtree(place / run_id, ignore_errors=True)
            with self.database.write() as session:
                session.execute(delete(RunRow).where(RunRow.id == run_id))

    def _say_stalls(self) -> None:
        with self.database.write() as session:
            note_stalls(session)

    def _forget_notices(self) -> None:
        with self.database.write() as session:
            forget_old(session)

    def _measure_next(self) -> None:
        """One run whose size nobody knows, a round."""
        unknown = select(RunRow.id).where(RunRow.disk_bytes.is_(None)).limit(1)
        with self.database.read() as session:
            run_id = session.scalar(unknown)
        if run_id is not None:
            self._measure(run_id)

    def _measure_working(self) -> None:
        busy = select(RunRow.id).where(RunRow.state.in_([state.value for state in HAS_WORKER]))
        with self.database.read() as session:
            working = list(session.scalars(busy))
        for run_id in working:
            self._measure(run_id)

    def _measure(self, run_id: str) -> None:
        size = folder_bytes(self.settings.runs_dir / run_id)
        with self.database.write() as session:
            session.execute(update(RunRow).where(RunRow.id == run_id).values(disk_bytes=size))


def folder_bytes(folder: Path) -> int:
    """Sizes of all files below a folder; 0 where there is none."""
    total = 0
    for path in folder.rglob("*"):
        try:
            status = path.lstat()
        except FileNotFoundError:  # replaced while it was listed
            continue
        total += status.st_size if path.is_file() and not path.is_symlink() else 0
    return total
