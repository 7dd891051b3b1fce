"""Real files damaged at random: a whole dataset, or one sentence and nothing."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.test_fuzz import Change, changes, damaged, few, outcome, write_all


@few
@given(changes, st.integers(0, 11))
def test_damaged_efigi_pictures(real_galaxies: Path, how: list[Change], which: int) -> None:
    found = sorted((real_galaxies / "efigi" / "images").iterdir())[:12]
    files = {path.name: path.read_bytes() for path in found}
    files[found[which].name] = damaged(files[found[which].name], how)
    with tempfile.TemporaryDirectory() as folder:
        write_all(Path(folder), files)
        outcome(Path(folder))


@pytest.fixture(scope="session")
def real_hdf5(real_galaxies: Path) -> bytes:
    return (real_galaxies / "galaxy10_decals_60.h5").read_bytes()


@few
@given(changes)
def test_damaged_galaxy10(real_hdf5: bytes, how: list[Change]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "g.h5"
        path.write_bytes(damaged(real_hdf5, how))
        outcome(path, img_size=16)
