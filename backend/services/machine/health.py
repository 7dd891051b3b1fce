"""Whether the parts are there, and what to do when one is not."""

import shutil
import time
from importlib.metadata import version

from sqlalchemy import func, select

from backend.db.engine import Database
from backend.db.models import PausedLaneRow, RunRow
from backend.files import read_json
from backend.services.machine.facts import badge
from backend.services.runs.notices import newest_notice
from backend.settings import Settings
from shared.base.states import HAS_WORKER, RunState
from shared.configs.kinds import Lane
from shared.contract.system import Health

SILENT_AFTER_S = 10.0


def read_health(database: Database, settings: Settings) -> Health:
    """The state of supervisor, queue, device and disk."""
    alive = supervisor_alive(settings)
    problems = [] if alive else ["No supervisor is running, so nothing starts: run `galaxyscope up`."]
    device, why = badge()
    free = shutil.disk_usage(settings.home).free
    if free < 1e9:
        problems.append(f"Only {free / 1e6:.0f} MB of disk are free: checkpoints may fail.")
    return Health(
        status="degraded" if problems else "ok",
        version=version("galaxyscope"),
        supervisor_alive=alive,
        queued=_count(database, {RunState.QUEUED}),
        running=_count(database, HAS_WORKER),
        paused_lanes=_paused_lanes(database),
        newest_notice=newest_notice(database),
        problems=problems,
        disk_free_bytes=free,
        device=device,
        device_why=why,
    )


def supervisor_alive(settings: Settings) -> bool:
    """Whether a supervisor has finished a round within the last seconds."""
    beat = read_json(settings.home / "supervisor.json")
    return beat is not None and bool(time.time() - beat["at"] < SILENT_AFTER_S)


def _paused_lanes(database: Database) -> list[Lane]:
    with database.read() as session:
        return [Lane(lane) for lane in session.scalars(select(PausedLaneRow.lane))]


def _count(database: Database, states: set[RunState] | frozenset[RunState]) -> int:
    with database.read() as session:
        names = [state.value for state in states]
        return session.scalar(select(func.count()).where(RunRow.state.in_(names))) or 0
