"""Fixtures for every test, and how two processes share the tests."""

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

SHARE_A_SERVER = ("e2e", "old_homes")
FIRST = ("browser", *SHARE_A_SERVER, "cli")
"""Folders of what waits longest, which begins first."""
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


gc.disable()  # until the tests are collected: of the modules that they import nothing is garbage

# The tests start a hundred processes of this code, which is compiled once; models as small as theirs only
# lose by threads, of which two processes at once would make more than there are cores.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
os.environ["GALAXYSCOPE_NICE"] = "0"  # a test waits for its workers, whatever else the machine does


class FilesAndSites(LoadFileScheduling):
    """A process has a whole file, whose fixtures are then made once, or every test of a folder that shares a
    running server.

    xdist's own `--dist loadgroup` sets a private name that pytest 9.2 has no more, and spreads single tests.
    """

    def _split_scope(self, nodeid: str) -> str:
        folders = [folder for folder in SHARE_A_SERVER if nodeid.startswith(f"tests/{folder}/")]
        return folders[0] if folders else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)  # of xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    return FilesAndSites(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {folder: place for place, folder in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(item.path.parent.name, len(FIRST)))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def real_galaxies() -> Path:
    """The folder of real galaxies, or a loud skip where there is none."""
    folder = os.environ.get("GALAXYSCOPE_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("GALAXYSCOPE_TEST_DATA names no folder: real galaxies are not tested here")
    return Path(folder)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The only one of the process: a second Playwright beside it refuses to start."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("GALAXYSCOPE_REQUIRE_BROWSER") == "1":
            pytest.fail("GALAXYSCOPE_REQUIRE_BROWSER=1, but there is no chromium on the PATH")
        pytest.skip("no chromium on the PATH: nothing is tested in a browser")
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
