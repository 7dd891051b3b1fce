"""Every move of the table, made by a real supervisor and a real worker."""

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
from tests.jobs.told_workers import Told, ToldWorkers

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
"""What a run goes through, and what makes it."""
UNUSED = {("pausing", "lost"), ("lost", "paused"), ("lost", "cancelled")}
"""The table allows them and nothing makes them: a death while pausing is decided at once, and nobody sees a
run between lost and what follows."""


class Scene:
    """One run, and what happens to it in the words of SCENES."""

    def __init__(self, home: Settings, database: Database, workers: ToldWorkers) -> None:
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
    def worker(self) -> Told:
        return self.workers.launched[-1]

    def play(self, word: str) -> None:
        asked = {"stop": stop_run, "pause": pause_run, "resume": resume_run}
        if word in asked:
            asked[word](self.database, self.run_id)
        elif word in ("round", "late"):
            self.late_s = STARTING_GRACE_S + 1 if word == "late" else 0.0
            self.supervisor.tick()
        elif word == "kill":
            self.worker.send(signal.SIGKILL)
        elif word in ("succeeded", "failed"):
            self.worker.tell("say", word)
            self.worker.send(signal.SIGKILL)
        else:
            self.worker.tell({"up": "begin"}.get(word, word))
            if word == "look":
                self.worker.wait()

    def moves(self) -> str:
        return " ".join(event.to_state for event in list_events(self.database, self.run_id))


@pytest.fixture(scope="module")
def workers() -> Iterator[ToldWorkers]:
    with tempfile.TemporaryDirectory() as folder:
        workers = ToldWorkers(Path(folder))
        yield workers
        for worker in workers.launched:
            worker.send(signal.SIGKILL)
        workers.close()


@pytest.mark.parametrize("moves", SCENES)
def test_a_run_goes_this_way_when_that_happens_to_it(
    moves: str, tmp_path: Path, workers: ToldWorkers
) -> None:
    home = new_home(tmp_path)
    scene = Scene(home, Database(home.database_path), workers)
    for word in SCENES[moves].split():
        scene.play(word)
    assert scene.moves() == moves


def test_no_move_of_the_table_is_left_out() -> None:
    made = {move for moves in SCENES for move in pairwise(moves.split())}
    assert made | UNUSED == {(origin.value, to.value) for origin in TRANSITIONS for to in TRANSITIONS[origin]}
