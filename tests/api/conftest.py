"""The real app over a real home, without a socket and without pages."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from backend.data.importers import import_dataset
from backend.data.store import describe
from backend.db.engine import Database, open_database
from backend.db.models import RunRow
from backend.files import EVERYWHERE
from backend.jobs.queue import change_state
from backend.jobs.registry import register
from backend.settings import Settings
from backend.web import create_app
from frontend.api.client import ApiError, Client
from shared.base.states import RunState
from shared.configs import ImportConfig, SimulateConfig
from shared.configs.kinds import RunKind
from shared.contract.endpoints import API
from tests.homes import add_simulated, enqueue, new_home

Move = Callable[..., None]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return new_home(tmp_path)


@pytest.fixture
def http(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings, ui=False), base_url=f"http://127.0.0.1:8501{API}") as client:
        yield client


@pytest.fixture
def database(settings: Settings, http: TestClient) -> Database:
    return open_database(settings.database_path)


@pytest.fixture
def client(http: TestClient) -> Client:
    """The frontend's own client, on the real app."""
    return Client("", http=TestClient(http.app, base_url="http://127.0.0.1:8501"))  # type: ignore[arg-type]


@pytest.fixture
def dataset(database: Database, settings: Settings) -> str:
    """200 simulated galaxies: 160, 20 and 20 rows."""
    add_dataset(database, settings, "sky", n=200)
    return "sky"


def refused(ask: Callable[[], Any]) -> ApiError:
    """What the server said no with."""
    with pytest.raises(ApiError) as caught:
        ask()
    return caught.value


def add_dataset(database: Database, settings: Settings, name: str, n: int = 60) -> Path:
    """A dataset of simulated galaxies, 32 px, in the store and in the database."""
    return enter_dataset(database, settings, SimulateConfig(name=name, n=n, img_size=32))


def enter_dataset(database: Database, settings: Settings, config: ImportConfig | SimulateConfig) -> Path:
    """What a job of `config` leaves: the file, and its row in the database."""
    folder = settings.datasets_dir
    if isinstance(config, ImportConfig):
        path = import_dataset(
            config, folder, secrets.token_hex(4), lambda *_: None, lambda: False, roots=EVERYWHERE
        )
    else:
        path = add_simulated(config, folder)
    run_id = enqueue(database, settings.runs_dir, RunKind.SIMULATE, config)
    info = describe(path, config.name).model_dump(mode="json")
    with database.write() as session:
        run = session.get_one(RunRow, run_id)
        register(session, run, {"dataset": info, "file": path.name})
        session.delete(run)
    return path


@pytest.fixture
def sky(database: Database, settings: Settings) -> Path:
    """The file of a dataset `sky` of 60 simulated galaxies."""
    return add_dataset(database, settings, "sky")


@pytest.fixture
def move(database: Database) -> Move:
    """Leads a run through states from queued."""

    def lead(run_id: str, *states: RunState) -> None:
        origin = RunState.QUEUED
        with database.write() as session:
            for state in states:
                assert change_state(session, run_id, expected=[origin], to=state)
                origin = state

    return lead
