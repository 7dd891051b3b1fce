"""Fixtures for every test."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_galaxies() -> Path:
    """The folder of real galaxies, or a loud skip where there is none."""
    folder = os.environ.get("GALAXYSCOPE_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("GALAXYSCOPE_TEST_DATA names no folder: real galaxies are not tested here")
    return Path(folder)
