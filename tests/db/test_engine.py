"""SQLite with four processes: no update is lost, and no read waits for a writer."""

import multiprocessing
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text

from backend.db.engine import Database, _alembic_config, _engine, _newest_revision, open_database
from backend.db.models import Base, RunRow
from backend.db.points import finite, read_curves
from backend.jobs.queue import waiting
from shared.configs.kinds import Lane


def add_run(database: Database, run_id: str) -> None:
    now = datetime.now(UTC)
    with database.write() as session:
        session.add(
            RunRow(id=run_id, kind="k", lane="l", state="s", state_changed_at=now, config={}, created_at=now)
        )


def count_up(path: Path, times: int) -> None:
    database = Database(path)
    for _ in range(times):
        with database.write() as session:
            row = session.get_one(RunRow, "counter")
            row.attempt += 1


def test_concurrent_updates_of_four_processes_are_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "test.db"
    add_run(open_database(path), "counter")
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=count_up, args=(path, 50)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with Database(path).read() as session:
        assert session.get_one(RunRow, "counter").attempt == 200


def test_the_newest_migration_is_the_one_with_the_highest_number() -> None:
    assert _newest_revision() == ScriptDirectory.from_config(_alembic_config()).get_current_head()


def test_a_read_during_a_long_write_does_not_wait(tmp_path: Path) -> None:
    database = open_database(tmp_path / "test.db")
    add_run(database, "before")
    writing, may_end = threading.Event(), threading.Event()

    def write_slowly() -> None:
        with database.write() as session:
            session.get_one(RunRow, "before").reason = "changed"
            session.flush()
            writing.set()
            may_end.wait(240)

    writer = threading.Thread(target=write_slowly)
    writer.start()
    assert writing.wait(240)
    # If the read waited for the writer it would never return: the writer ends only after it.
    with database.read() as session:
        seen = session.scalar(select(RunRow.reason).where(RunRow.id == "before"))
    assert writer.is_alive()
    assert seen is None
    may_end.set()
    writer.join()
    with database.read() as session:
        assert session.scalar(select(RunRow.reason).where(RunRow.id == "before")) == "changed"


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    database = open_database(tmp_path / "test.db")
    try:
        with database.write() as session:
            session.execute(text("INSERT INTO baselines VALUES ('d', 'k', 1.0)"))
            raise KeyError("on the way")
    except KeyError:
        pass
    with database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM baselines")) == 0


def test_every_connection_has_its_pragmas(tmp_path: Path) -> None:
    database = open_database(tmp_path / "test.db")
    expected = {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 15_000}
    for session_of in (database.read, database.write):
        with session_of() as session:
            assert {name: session.scalar(text(f"PRAGMA {name}")) for name in expected} == expected


def test_the_migrations_create_the_tables_of_the_models(tmp_path: Path) -> None:
    database = open_database(tmp_path / "test.db")
    with database.read() as session:
        found = inspect(session.connection())
        tables = {
            name: {column["name"] for column in found.get_columns(name)}
            for name in found.get_table_names()
            if name != "alembic_version"
        }
    assert tables == {table.name: set(table.columns.keys()) for table in Base.metadata.sorted_tables}


def test_points_of_an_older_home_are_migrated(tmp_path: Path) -> None:
    path = tmp_path / "test.db"
    engine = _engine(path, begin="BEGIN IMMEDIATE", foreign_keys=False)
    points = [
        (3, "r", "loss", 1, 0.5, 10.0, 1.5), (4, "r", "rate", 1, 0.5, 10.0, None),
        (5, "r", "val", 1, 0.5, 11.0, 7.0), (6, "r", "loss", 2, 1.0, 12.0, 1.25),
        (8, "r", "rate", 2, 1.0, 12.0, 3.0), (9, "q", "loss", 2, 1.0, 12.0, 9.0),
    ]  # fmt: skip
    with engine.connect() as connection:
        command.upgrade(_alembic_config(connection), "0009")
        for point in points:
            connection.exec_driver_sql("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?, ?)", point)
        command.upgrade(_alembic_config(connection), "head")
        connection.commit()
    engine.dispose()
    with open_database(path).read() as session:
        found = {key: curve.take([0, -1]) for key, curve in read_curves(session, "r").items()}
        later = read_curves(session, "r", since=5)
        sets = session.execute(text("SELECT id, run_id, keys FROM metric_sets ORDER BY id")).all()
        lines = session.execute(text("SELECT id, set_id, step FROM metric_lines ORDER BY id")).all()
    assert [tuple(row) for row in sets] == [
        (1, "q", '["loss"]'), (2, "r", '["loss", "rate"]'), (3, "r", '["val"]'),
    ]  # fmt: skip
    assert [tuple(row) for row in lines] == [(4, 2, 1), (5, 3, 1), (8, 2, 2), (9, 1, 2)]
    assert {key: (curve.step.tolist(), finite(curve.value)) for key, curve in found.items()} == {
        "loss": ([1, 2], [1.5, 1.25]), "rate": ([1, 2], [None, 3.0]), "val": ([1, 1], [7.0, 7.0]),
    }  # fmt: skip
    assert (found["val"].epoch.tolist(), found["val"].time.tolist()) == ([0.5, 0.5], [11.0, 11.0])
    assert {key: curve.id.tolist() for key, curve in later.items()} == {"loss": [8], "rate": [8]}


def test_runs_of_an_older_home_keep_their_order_in_the_queue(tmp_path: Path) -> None:
    path = tmp_path / "test.db"
    engine = _engine(path, begin="BEGIN IMMEDIATE", foreign_keys=False)
    with engine.connect() as connection:
        command.upgrade(_alembic_config(connection), "0004")
        for run_id, lane, at in (("late", "train", 3), ("other", "light", 2), ("early", "train", 1)):
            values = dict.fromkeys(("attempt", "fruitless_losses", "ingest_offset", "resets"), 0)
            values |= dict.fromkeys(("config", "progress", "latest", "initial"), "{}")
            values |= dict.fromkeys(("state_changed_at", "created_at"), f"2026-01-0{at} 00:00:00")
            values |= {
                "id": run_id,
                "lane": lane,
                "kind": "pretrain",
                "state": "queued",
                "last_checkpoint": 0,
            }
            names = ", ".join(values)
            wanted = ", ".join(f":{name}" for name in values)
            connection.execute(text(f"INSERT INTO runs ({names}) VALUES ({wanted})"), values)
        connection.commit()
    engine.dispose()
    with open_database(path).read() as session:
        assert [run.id for run in session.scalars(waiting(Lane.TRAIN))] == ["early", "late"]
        assert {run.id: run.queue_rank for run in session.scalars(select(RunRow))} == {
            "early": 1, "late": 2, "other": 1,
        }  # fmt: skip
        assert [run.tags for run in session.scalars(select(RunRow))] == [[], [], []]


def test_a_home_opened_by_many_processes_is_migrated_once(tmp_path: Path) -> None:
    path = tmp_path / "test.db"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(open_database, [path] * 4))  # raises what one of them raised
    assert sqlite3.connect(path).execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


def test_an_older_schema_is_backed_up_before_migration(tmp_path: Path) -> None:
    path = tmp_path / "test.db"
    old = sqlite3.connect(path)
    old.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    old.execute("INSERT INTO alembic_version VALUES ('0000')")
    old.execute("CREATE TABLE treasure (gold INTEGER)")
    old.execute("INSERT INTO treasure VALUES (42)")
    old.commit()
    old.close()
    Database(path)._back_up()
    [copy] = tmp_path.glob("*.backup.db")
    assert sqlite3.connect(copy).execute("SELECT gold FROM treasure").fetchone() == (42,)
    assert time.time() - copy.stat().st_mtime < 3600
