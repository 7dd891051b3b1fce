"""What a run's folder says beside its metrics: the log, and what its worker took of the machine."""

import json
from collections.abc import Iterator

from backend.db.engine import Database
from backend.jobs.run_dir import RunDir
from backend.services.runs.lifecycle import find_row
from backend.settings import Settings
from shared.contract.runs import LogTail, RunLoad

LOG_TAIL_BYTES = 200_000
SEARCHED_BYTES = 50_000_000


def read_log(database: Database, settings: Settings, run_id: str, lines: int, find: str = "") -> LogTail:
    """The last `lines` lines of the worker's output; with `find` the last that hold it, in any case."""
    path = _run_dir(database, settings, run_id).log
    if not path.exists():
        return LogTail(lines=[], truncated=False)
    room = SEARCHED_BYTES if find else LOG_TAIL_BYTES
    with path.open("rb") as file:
        size = path.stat().st_size
        file.seek(max(0, size - room))
        found = file.read().decode(errors="replace").splitlines()
    wanted = [line for line in found if find.casefold() in line.casefold()] if find else found
    return LogTail(lines=wanted[-lines:], truncated=size > room or len(wanted) > lines)


def read_load(database: Database, settings: Settings, run_id: str, max_points: int) -> RunLoad:
    """What the worker took, oldest first; of more than `max_points` looks every so many are joined: the mean
    of shares and watts, the most of memory. Raises NotFoundError."""
    looks = list(_looks(_run_dir(database, settings, run_id)))
    several = -(-len(looks) // max_points) or 1
    groups = [looks[start : start + several] for start in range(0, len(looks), several)]
    joins = dict.fromkeys(("cpu_percent", "gpu_percent", "gpu_watts"), _mean)
    joins |= dict.fromkeys(("rss_bytes", "gpu_memory_bytes"), _most)
    columns = {key: [join(group, key) for group in groups] for key, join in joins.items()}
    return RunLoad(time=[group[-1]["time"] for group in groups], **columns)


def _looks(run_dir: RunDir) -> Iterator[dict[str, float]]:
    """The lines that are whole."""
    if not run_dir.system.exists():
        return
    for line in run_dir.system.read_bytes().splitlines():
        try:
            look = json.loads(line)
        except ValueError:  # torn by a kill or a full disk
            continue
        if isinstance(look, dict) and "time" in look:
            yield look


def _mean(group: list[dict[str, float]], key: str) -> float | None:
    known = [look[key] for look in group if key in look]
    return round(sum(known) / len(known), 1) if known else None


def _most(group: list[dict[str, float]], key: str) -> float | None:
    return max((look[key] for look in group if key in look), default=None)


def _run_dir(database: Database, settings: Settings, run_id: str) -> RunDir:
    with database.read() as session:
        find_row(session, run_id)
    return RunDir(settings.runs_dir / run_id)
