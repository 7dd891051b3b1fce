"""Fixtures for every test, and how two processes share the tests."""

import os
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

FIRST = ("browser", "e2e", "cli")
"""Folders of what waits longest, which begins first."""


class FilesAndTheBrowser(LoadFileScheduling):
    """A process has a whole file, whose fixtures are then made once, and one of them has every browser test.

    xdist's own `--dist loadgroup` sets a private name that pytest 9.2 has no more, and spreads single tests.
    """

    def _split_scope(self, nodeid: str) -> str:
        browser = "tests/browser/"
        return browser if nodeid.startswith(browser) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    return FilesAndTheBrowser(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {folder: place for place, folder in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(item.path.parent.name, len(FIRST)))


@pytest.fixture(scope="session")
def real_galaxies() -> Path:
    """The folder of real galaxies, or a loud skip where there is none."""
    folder = os.environ.get("GALAXYSCOPE_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("GALAXYSCOPE_TEST_DATA names no folder: real galaxies are not tested here")
    return Path(folder)
