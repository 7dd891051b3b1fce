"""Homes for tests. Databases and datasets that many tests need are made once and copied."""

import secrets
import tempfile
from functools import cache
from pathlib import Path

from backend.data.importers import simulate_dataset
from backend.db.engine import Database, open_database
from backend.jobs import queue
from backend.jobs.queue import ReadyRun
from backend.jobs.run_dir import EncoderSource
from backend.settings import Settings
from shared.configs import Config, SimulateConfig
from shared.configs.kinds import RunKind


def new_home(folder: Path) -> Settings:
    """A home in `folder` with an empty database."""
    settings = Settings(home=folder / "home", data_roots=(folder,)).prepare()
    settings.database_path.write_bytes(_migrated_database())
    return settings


def add_simulated(config: SimulateConfig, folder: Path) -> Path:
    """The file of a simulation, in a folder of datasets."""
    path = folder / f"{config.name}.h5"
    if path.exists():  # the simulation then chooses another name
        return simulate_dataset(config, folder, secrets.token_hex(4), lambda *_: None, lambda: False)
    path.write_bytes(_simulated(config))
    return path


def enqueue(
    database: Database,
    runs_dir: Path,
    kind: RunKind,
    config: Config,
    *,
    roots: tuple[Path, ...] = (),
    encoder: EncoderSource | None = None,
    **labels: str | None,
) -> str:
    """Queue a run in its own transaction, without checks; `labels`: name, preset, parent_id."""
    with database.write() as session:
        return queue.enqueue(session, runs_dir, ReadyRun(kind, config, encoder, roots), **labels)


@cache
def _migrated_database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        open_database(path).close()
        return path.read_bytes()


@cache
def _simulated(config: SimulateConfig) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return simulate_dataset(config, Path(folder), "t", lambda *_: None, lambda: False).read_bytes()
