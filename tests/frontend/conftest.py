"""The real app behind the real client, without a socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from backend.settings import Settings
from backend.web import create_app
from frontend.api.client import Client
from tests.homes import new_home


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return new_home(tmp_path)


@pytest.fixture
def client(settings: Settings) -> Iterator[Client]:
    with TestClient(create_app(settings, ui=False), base_url="http://127.0.0.1:8501") as http:
        yield Client("", http=http)
