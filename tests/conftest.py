"""Fixtures for every test."""

import os
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of several processes one has a whole file, whose fixtures are made once, and one the browser."""
    for item in items:
        folder = item.path.parent.name
        item.add_marker(pytest.mark.xdist_group(folder if folder == "browser" else str(item.path)))
    # What waits longest begins first.
    items.sort(key=lambda item: {"browser": 0, "e2e": 1, "cli": 2}.get(item.path.parent.name, 3))


@pytest.fixture(scope="session")
def real_galaxies() -> Path:
    """The folder of real galaxies, or a loud skip where there is none."""
    folder = os.environ.get("GALAXYSCOPE_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("GALAXYSCOPE_TEST_DATA names no folder: real galaxies are not tested here")
    return Path(folder)
