"""SQLite shared by several processes: immediate writes, deferred reads, migrations at start.

With SQLAlchemy's default transactions, read-then-write updates of two processes can conflict. Here a write
transaction takes the lock at its start (BEGIN IMMEDIATE), and a read never waits for it (WAL).
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.orm import ORMExecuteState, Session, sessionmaker, with_loader_criteria

from backend.db.models import Deletable

if TYPE_CHECKING:
    from alembic.config import Config

WITH_DELETED = {"with_deleted": True}
"""Execution options of a query that includes deleted rows."""
MIGRATIONS = Path(__file__).parent / "migrations"
REVISION_TABLE = "alembic_version"
BUSY_TIMEOUT_MS = 15_000
PRAGMAS = (f"busy_timeout = {BUSY_TIMEOUT_MS}", "journal_mode = WAL", "synchronous = NORMAL")


class Database:
    """Sessions on one SQLite file. `read()` sees a snapshot and never waits for a writer; `write()` is one
    immediate transaction, committed at the end of the block and rolled back on an exception."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = _engine(path, begin="BEGIN")
        self._writer = _engine(path, begin="BEGIN IMMEDIATE")
        self._read_session = sessionmaker(self._reader, expire_on_commit=False)
        self._write_session = sessionmaker(self._writer, expire_on_commit=False)
        for sessions in (self._read_session, self._write_session):
            event.listen(sessions, "do_orm_execute", _exclude_deleted)

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self._read_session() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        with self._write_session.begin() as session:
            yield session

    def migrate(self) -> None:
        """Upgrade the schema to the newest revision, one process at a time, after a backup."""
        lock = self.path.with_suffix(".migrate.lock")
        with lock.open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if self._revision() == _newest_revision():
                return
            self._back_up()
            self._upgrade()

    def close(self) -> None:
        self._reader.dispose()
        self._writer.dispose()

    def _upgrade(self) -> None:
        # Batch migrations rebuild tables; with foreign keys on, dropping the old one would cascade.
        from alembic import command

        engine = _engine(self.path, begin="BEGIN IMMEDIATE", foreign_keys=False)
        with engine.connect() as connection:
            command.upgrade(_alembic_config(connection), "head")
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise RuntimeError(
                    f"the migration broke {len(broken)} references; the backup is beside the database"
                )
            connection.commit()
        engine.dispose()

    def _revision(self) -> str | None:
        with self._reader.connect() as connection:
            if not inspect(connection).has_table(REVISION_TABLE):
                return None
            revision: str | None = connection.scalar(text(f"SELECT version_num FROM {REVISION_TABLE}"))
            return revision

    def _back_up(self) -> None:
        if self._revision() is None:
            return
        copy = self.path.with_suffix(f".{datetime.now(UTC):%Y%m%dT%H%M%S}.backup.db")
        with self._reader.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM INTO :copy"), {"copy": str(copy)})


def open_database(path: Path) -> Database:
    """The migrated database in `path`, created if missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    database = Database(path)
    database.migrate()
    return database


def _exclude_deleted(state: ORMExecuteState) -> None:
    """Exclude deleted rows from every query without WITH_DELETED."""
    if state.is_select and not state.is_column_load and "with_deleted" not in state.execution_options:
        present = with_loader_criteria(Deletable, lambda row: row.deleted_at.is_(None), include_aliases=True)
        state.statement = state.statement.options(present)


def _engine(path: Path, *, begin: str, foreign_keys: bool = True) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(connection: SqliteConnection, _record: Any) -> None:
        connection.isolation_level = None  # the begin event below decides, not the driver
        for pragma in (*PRAGMAS, f"foreign_keys = {'ON' if foreign_keys else 'OFF'}"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql(begin)

    return engine


def _alembic_config(connection: Connection | None = None) -> "Config":
    from alembic.config import Config  # slow to import, needed only if the schema changes

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _newest_revision() -> str:
    """The number of the last file: 0011 of 0011_notices_are_counted.py."""
    return max(path.name for path in MIGRATIONS.glob("versions/[0-9]*.py"))[:4]
