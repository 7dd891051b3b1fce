"""The real app over a real home, without a socket and without pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from backend.settings import Settings
from backend.web import create_app
from shared.routes import API


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", data_roots=(tmp_path,))


@pytest.fixture
def http(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings, ui=False), base_url=f"http://127.0.0.1:8501{API}") as client:
        yield client
