"""Every state transition, made by a real supervisor and a real worker."""

import signal
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from backend.db.engine import Database
from backend.jobs.supervisor import STARTING_GRACE_S, Supervisor
from backend.services.runs.lifecycle import list_events, pause_run, resume_run, stop_run
from backend.settings import Settings
from shared.base.states import TRANSITIONS
from shared.configs import SupervisedConfig
from shared.configs.kinds import RunKind
from tests.homes import enqueue, new_home
from tests.jobs.scripted_workers import ScriptedLauncher, ScriptedWorker

DIES = "round up round kill round "
SCENES = {
    "queued starting running succeeded": "round up round succeeded round",
    "queued cancelled": "stop",
    "queued starting failed": "round up failed round",
    "queued starting stopping cancelled": "round stop up round look round",
    "queued starting lost queued": "round late",
    "queued starting running failed": "round up round failed round",
    "queued starting running lost queued starting running lost queued starting running lost failed": DIES * 3,
    "queued starting running pausing paused queued starting": (
        "round up round pause round look round resume round"
    ),
    "queued starting running pausing paused cancelled": "round up round checkpoint pause kill round stop",
    "queued starting running pausing succeeded": "round up round pause succeeded round",
    "queued starting running pausing failed": "round up round pause kill round",
    "queued starting running pausing stopping failed": "round up round pause stop failed round",
    "queued starting running stopping cancelled": "round up round stop kill round",
    "queued starting running stopping succeeded": "round up round stop succeeded round",
}
"""The states of a run, and the events that lead through them."""
UNUSED = {("pausing", "lost"), ("lost", "paused"), ("lost", "cancelled")}
"""Allowed but never made: a crash while pausing is decided at once, and a run leaves `lost` in the same
transaction."""


class Scene:
    """One run, and the events of one of SCENES."""

    def __init__(self, home: Settings, database: Database, workers: ScriptedLauncher) -> None:
        self.home, self.database, self.workers = home, database, workers
        self.run_id = enqueue(database, home.runs_dir, RunKind.SUPERVISED, SupervisedConfig())
        self.late_s = 0.0
        self.supervisor = Supervisor(
            home,
            database,
            workers,
            claims=lambda run: run.id == self.run_id and self.late_s == 0,
            now=lambda: datetime.now(UTC) + timedelta(seconds=self.late_s),
        )

    @property
    def worker(self) -> ScriptedWorker:
        return self.workers.launched[-1]

    def play(self, word: str) -> None:
        requests = {"stop": stop_run, "pause": pause_run, "resume": resume_run}
        if word in requests:
            requests[word](self.database, self.run_id)
        elif word in ("round", "late"):
            self.late_s = STARTING_GRACE_S + 1 if word == "late" else 0.0
            self.supervisor.tick()
        elif word == "kill":
            self.worker.send(signal.SIGKILL)
        elif word in ("succeeded", "failed"):
            self.worker.tell("finish", word)
            self.worker.send(signal.SIGKILL)
        else:
            self.worker.tell({"up": "begin", "look": "handle_request"}.get(word, word))
            if word == "look":
                self.worker.wait()

    def moves(self) -> str:
        return " ".join(event.to_state for event in list_events(self.database, self.run_id))


@pytest.fixture(scope="module")
def workers() -> Iterator[ScriptedLauncher]:
    with tempfile.TemporaryDirectory() as folder:
        workers = ScriptedLauncher(Path(folder))
        yield workers
        for worker in workers.launched:
            worker.send(signal.SIGKILL)
        workers.close()


@pytest.mark.parametrize("moves", SCENES)
def test_events_lead_a_run_through_these_states(
    moves: str, tmp_path: Path, workers: ScriptedLauncher
) -> None:
    home = new_home(tmp_path)
    scene = Scene(home, Database(home.database_path), workers)
    for word in SCENES[moves].split():
        scene.play(word)
    assert scene.moves() == moves


def test_every_transition_is_tested() -> None:
    made = {move for moves in SCENES for move in pairwise(moves.split())}
    assert made | UNUSED == {(origin.value, to.value) for origin in TRANSITIONS for to in TRANSITIONS[origin]}
