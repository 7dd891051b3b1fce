"""From metrics.jsonl to rows: each line once, whatever is killed in between."""

import json
import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from backend.db.engine import Database, open_database
from backend.db.models import MetricLineRow, RunRow
from backend.db.points import finite, read_curves
from backend.jobs import ingest as ingesting
from backend.jobs.ingest import ingest
from backend.jobs.run_dir import RunDir, Spec
from backend.jobs.run_writer import cut_torn_line
from backend.services.runs.metrics import read_metrics


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(tmp_path / "test.db")


@pytest.fixture
def run_dir(tmp_path: Path, database: Database) -> RunDir:
    run_dir = RunDir(tmp_path / "runs" / "r1")
    run_dir.create(Spec(run_id="r1", kind="pretrain", config={}))
    now = datetime.now(UTC)
    with database.write() as session:
        session.add(
            RunRow(
                id="r1",
                kind="pretrain",
                lane="train",
                state="running",
                state_changed_at=now,
                config={},
                created_at=now,
            )
        )
    return run_dir


def line(step: int, **values: float) -> str:
    return json.dumps({"step": step, "epoch": step / 10, "time": 1000.0 + step, "values": values}) + "\n"


def append(run_dir: RunDir, text: str) -> None:
    with run_dir.metrics.open("a") as file:
        file.write(text)


def take(database: Database, run_dir: RunDir) -> None:
    more = True
    while more:
        with database.write() as session:
            more = ingest(session, session.get_one(RunRow, "r1"), run_dir)


def points(database: Database, key: str = "loss") -> list[tuple[int, float | None]]:
    with database.read() as session:
        curve = read_curves(session, "r1", [key])[key]
    return list(zip(curve.step.tolist(), finite(curve.value), strict=True))


def test_lines_are_stored_once_even_if_the_file_is_read_repeatedly(
    database: Database, run_dir: RunDir
) -> None:
    append(run_dir, line(1, loss=0.5) + line(2, loss=0.25))
    take(database, run_dir)
    take(database, run_dir)
    append(run_dir, line(3, loss=0.125))
    take(database, run_dir)
    assert points(database) == [(1, 0.5), (2, 0.25), (3, 0.125)]


def test_an_incomplete_line_is_read_once_complete(database: Database, run_dir: RunDir) -> None:
    whole = line(2, loss=0.25)
    append(run_dir, line(1, loss=0.5) + whole[:20])
    take(database, run_dir)
    assert points(database) == [(1, 0.5)]
    append(run_dir, whole[20:])
    take(database, run_dir)
    assert points(database) == [(1, 0.5), (2, 0.25)]


def test_a_resume_takes_back_the_steps_after_it(database: Database, run_dir: RunDir) -> None:
    append(run_dir, "".join(line(step, loss=float(step)) for step in range(1, 8)))
    take(database, run_dir)
    append(
        run_dir, json.dumps({"event": "resumed", "attempt": 2, "from_step": 4}) + "\n" + line(5, loss=50.0)
    )
    take(database, run_dir)
    assert points(database) == [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0), (5, 50.0)]
    with database.read() as session:
        assert session.get_one(RunRow, "r1").latest_metrics == {"loss": 50.0}
    assert read_metrics(database, "r1").attempt == 2


def test_a_resume_within_one_read_also_takes_back_steps(database: Database, run_dir: RunDir) -> None:
    resumed = json.dumps({"event": "resumed", "attempt": 2, "from_step": 1}) + "\n"
    append(run_dir, line(1, loss=1.0) + line(2, loss=2.0) + line(3, loss=3.0) + resumed + line(2, loss=20.0))
    take(database, run_dir)
    assert points(database) == [(1, 1.0), (2, 20.0)]


def test_a_value_that_is_not_finite_is_stored_as_a_gap(database: Database, run_dir: RunDir) -> None:
    append(
        run_dir,
        json.dumps({"step": 3, "epoch": 0, "time": 0, "values": {}, "nonfinite": {"loss": "nan"}}) + "\n",
    )
    take(database, run_dir)
    assert points(database) == [(3, None)]


def test_the_reader_gets_only_what_is_new(database: Database, run_dir: RunDir) -> None:
    append(run_dir, line(1, loss=0.5))
    take(database, run_dir)
    first = read_metrics(database, "r1")
    append(run_dir, line(2, loss=0.25))
    take(database, run_dir)
    second = read_metrics(database, "r1", since=first.next)
    assert (first.series["loss"].step, second.series["loss"].step) == ([1], [2])
    assert read_metrics(database, "r1", since=second.next).series == {}


def test_thinning_keeps_ends_and_extremes(database: Database, run_dir: RunDir) -> None:
    values = [1.0] * 5000
    values[1234], values[4321] = 9.0, -9.0
    append(run_dir, "".join(line(step, loss=value) for step, value in enumerate(values)))
    take(database, run_dir)
    thin = read_metrics(database, "r1", max_points=100).series["loss"]
    assert len(thin.step) <= 100
    assert (thin.step[0], thin.step[-1]) == (0, 4999)
    assert {1234, 4321} <= set(thin.step)
    assert thin.step == sorted(thin.step)
    news = read_metrics(database, "r1", since=1000, max_points=100).series["loss"]
    assert len(news.step) <= 100
    assert (news.step[0], news.step[-1]) == (1000, 4999)
    assert {1234, 4321} <= set(news.step)


def test_a_line_that_is_not_a_metric_is_skipped(database: Database, run_dir: RunDir) -> None:
    append(run_dir, line(1, loss=0.5) + '{"step": 2, "epo' + line(2, loss=9.0) + "[]\n" + line(3, loss=0.25))
    take(database, run_dir)
    assert points(database) == [(1, 0.5), (3, 0.25)]


def test_a_truncated_file_is_read_again_without_duplicates(database: Database, run_dir: RunDir) -> None:
    append(run_dir, line(1, loss=0.5) + line(2, loss=0.25) + line(3, loss=0.125))
    take(database, run_dir)
    run_dir.metrics.write_text(line(1, loss=0.5) + line(2, loss=0.75))
    take(database, run_dir)
    assert points(database) == [(1, 0.5), (2, 0.75), (3, 0.125)]


def test_a_key_that_two_lines_have_at_one_step_has_the_value_of_the_later(
    database: Database, run_dir: RunDir
) -> None:
    append(run_dir, line(1, loss=0.5, rate=1.0) + line(2, loss=0.25))
    take(database, run_dir)
    append(run_dir, line(1, loss=0.75) + line(2, rate=2.0, loss=0.125))
    take(database, run_dir)
    assert points(database) == [(1, 0.75), (2, 0.125)]
    assert points(database, "rate") == [(1, 1.0), (2, 2.0)]


def test_an_ingest_that_is_killed_repeatedly_loses_and_duplicates_nothing(
    database: Database, run_dir: RunDir
) -> None:
    lines = 20_000
    append(run_dir, "".join(line(step, loss=float(step)) for step in range(lines)))
    stored = 0
    for _ in range(4):
        child = os.fork()
        if child == 0:
            ingesting.BLOCK_BYTES = 20_000
            take(Database(database.path), run_dir)
            os._exit(0)
        end = time.monotonic() + 20
        before = stored
        while stored <= before and time.monotonic() < end:
            stored = count_lines(database)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert 0 < count_lines(database) < lines, "it was never killed in the middle"
    take(database, run_dir)
    assert points(database) == [(step, float(step)) for step in range(lines)]


def count_lines(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(MetricLineRow)) or 0


def test_an_incomplete_last_line_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(line(1, loss=0.5) + line(2, loss=0.25)[:-8])
    cut_torn_line(path)
    assert path.read_text() == line(1, loss=0.5)
    cut_torn_line(path)
    assert path.read_text() == line(1, loss=0.5)


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 1200), max_size=6), block=st.integers(40, 400))
def test_rows_do_not_depend_on_how_the_file_is_split_into_reads(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], block: int
) -> None:
    folder = tmp_path_factory.mktemp("cuts")
    database = open_database(folder / "test.db")
    now = datetime.now(UTC)
    with database.write() as session:
        session.add(
            RunRow(
                id="r1", kind="k", lane="l", state="running", state_changed_at=now, config={}, created_at=now
            )
        )
    run_dir = RunDir(folder / "r1")
    run_dir.path.mkdir()
    text = "".join(line(step, loss=float(step)) for step in range(20))
    before = ingesting.BLOCK_BYTES
    ingesting.BLOCK_BYTES = block
    try:
        at = 0
        for cut in [*sorted(cuts), len(text)]:
            append(run_dir, text[at:cut])
            at = max(at, min(cut, len(text)))
            take(database, run_dir)
    finally:
        ingesting.BLOCK_BYTES = before
    assert points(database) == [(step, float(step)) for step in range(20)]


def test_a_restart_from_scratch_keeps_nothing_of_the_attempt_before(
    database: Database, run_dir: RunDir
) -> None:
    append(run_dir, "".join(line(step, loss=float(step)) for step in range(8)))
    take(database, run_dir)
    append(
        run_dir, json.dumps({"event": "resumed", "attempt": 2, "from_step": -1}) + "\n" + line(1, loss=9.0)
    )
    take(database, run_dir)
    assert points(database) == [(1, 9.0)]
    with database.read() as session:
        run = session.get_one(RunRow, "r1")
        assert (run.latest_metrics, run.initial_metrics, run.resets) == ({"loss": 9.0}, {}, 1)
