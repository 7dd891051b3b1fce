"""Targets: numeric columns kept by choice, with unit and missing values, through store, subset and import."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table

from backend.data.importers import inspect_source
from backend.data.store import GalaxyStore, describe
from backend.data.subset import subset_dataset
from backend.files import EVERYWHERE
from shared.configs import SubsetConfig
from shared.contract.datasets import Target
from tests.data.conftest import refused, write_image

Write = Callable[..., Path]
N = 24


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures with a FITS table: a mass with a unit and a missing value, a vote fraction, a constant."""
    row = np.arange(N)
    for index in row:
        write_image(tmp_path / "t" / f"{index}.png", seed=int(index))
    mass = MaskedColumn(9 + row / 10, mask=row == 4, unit="solMass")
    table = Table({"file": [f"{i}.png" for i in row], "class": np.array(["a", "b"])[row % 2], "mass": mass})
    table["smooth_fraction"] = (row / N).astype(np.float32)
    table["version"] = np.ones(N, np.int16)
    table.write(tmp_path / "t" / "c.fits")
    return tmp_path / "t"


def test_targets_are_stored_with_unit_and_missing_values(run_import: Write, folder: Path) -> None:
    made = run_import(folder, targets="mass, smooth_fraction")
    assert describe(made, "x").targets == [
        Target(name="mass", unit="solMass", known=N - 1),
        Target(name="smooth_fraction", unit="", known=N),
    ]
    with GalaxyStore.open(made) as store:
        expected = np.where(np.arange(N) == 4, np.nan, 9 + np.arange(N) / 10)
        assert np.array_equal(store.targets["mass"], expected, equal_nan=True)
        fractions = (np.arange(N) / N).astype(np.float32).astype(np.float64)
        assert np.array_equal(store.targets["smooth_fraction"], fractions)


def test_a_subset_and_a_second_import_keep_the_targets(
    run_import: Write, folder: Path, store_folder: Path
) -> None:
    made = run_import(folder, targets="mass")
    config = SubsetConfig(dataset="mine", name="part", classes=("b",))
    with GalaxyStore.open(made) as store:
        part = subset_dataset(config, store, store_folder, "t2", lambda *_: None, lambda: False)
        expected = store.targets["mass"][store.labels == 1]
    again = run_import(made, name="again")
    assert describe(again, "x").digest == describe(made, "x").digest
    with GalaxyStore.open(part) as store:
        assert np.array_equal(store.targets["mass"], expected, equal_nan=True)
        assert store.target_units == {"mass": "solMass"}


def test_targets_change_the_digest_and_their_order_does_not(run_import: Write, folder: Path) -> None:
    digests = {
        targets: describe(run_import(folder, name=f"d{number}", targets=targets), "x").digest
        for number, targets in enumerate((None, "mass", "mass,smooth_fraction", "smooth_fraction,mass"))
    }
    assert digests["mass,smooth_fraction"] == digests["smooth_fraction,mass"]
    assert len(set(digests.values())) == 3


@pytest.mark.parametrize(
    ("targets", "code", "words"),
    [
        ("version", "constant_target", "1 in every row"),
        ("class", "bad_target", "'a' in row 1"),
        ("mass,colour", "unknown_column", "'colour'"),
    ],
)
def test_a_column_that_is_no_target_is_refused_by_name_and_value(
    run_import: Write, folder: Path, store_folder: Path, targets: str, code: str, words: str
) -> None:
    error = refused(run_import, folder, store_folder, targets=targets)
    assert (error.code, error.field, words in error.detail) == (code, "targets", True)


def test_targets_without_a_table_are_refused(
    run_import: Write, class_folders: Path, store_folder: Path
) -> None:
    error = refused(run_import, class_folders, store_folder, targets="mass")
    assert (error.code, error.field) == ("no_table", "targets")


def test_the_preview_offers_the_columns_of_numbers(folder: Path) -> None:
    preview = inspect_source({"path": str(folder)}, roots=EVERYWHERE)
    assert preview.numeric == ["mass", "smooth_fraction", "version"]
