"""Units, hours and degrees, and numbers that mean "missing", each against astropy or by hand."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import Angle
from astropy.table import Table

from backend.data.importers import inspect_source
from backend.data.importers.values import Column, sky_values, target_values
from backend.data.store import GalaxyStore
from backend.errors import DataError
from backend.files import EVERYWHERE
from shared.contract.datasets import ReceiptLine
from tests.data.importers.tables.conftest import N

Write = Callable[..., Path]
RA = Column("t.csv", "x", "ra_column")


@pytest.mark.parametrize("unit", ["deg", "rad", "hourangle", "arcmin", "mas"])
def test_angles_become_degrees_as_astropy_converts_them(unit: str) -> None:
    value = Angle(0.4, "rad").to(unit).value
    assert sky_values("ra", [repr(float(value))], RA, unit)[0] == pytest.approx(np.degrees(0.4))
    if unit != "hourangle":
        assert sky_values("dec", [repr(float(value))], RA, unit)[0] == pytest.approx(np.degrees(0.4))


@pytest.mark.parametrize(
    ("unit", "cell", "degrees"),
    [
        ("h", "12.5", 187.5),
        ("hr", "12.5", 187.5),
        ('"h:m:s"', "12 30 00", 187.5),
        ("h:m:s", "12:30:00", 187.5),
        ("", "12:30:00", 187.5),
        ("deg", "12:30:00", 12.5),
        ("deg", "12h30m00s", 187.5),
        ("hour", "187d30m00s", 187.5),
        ("degrees", "12.5", 12.5),
    ],
)
def test_a_right_ascension_follows_its_unit_unless_its_marks_say_otherwise(
    unit: str, cell: str, degrees: float
) -> None:
    assert sky_values("ra", [cell], RA, unit.strip('"'))[0] == pytest.approx(degrees)


def test_pixel_scales_follow_their_unit() -> None:
    scale = units.Quantity(0.262, "arcsec").to("deg").value
    for unit, value in (("deg/pix", scale), ("arcsec/pixel", 0.262), ("arcsec pix-1", 0.262), ("", 0.262)):
        assert sky_values("pxscale", [repr(float(value))], RA, unit)[0] == pytest.approx(0.262), unit


@pytest.mark.parametrize(
    ("key", "unit"), [("ra", "mag"), ("dec", "Jy"), ("redshift", "km/s"), ("ra", "no unit")]
)
def test_a_unit_of_something_else_is_refused(key: str, unit: str) -> None:
    with pytest.raises(DataError) as caught:
        sky_values(key, ["1"], RA, unit)
    assert (caught.value.code, unit in caught.value.detail) == ("bad_unit", True)


@pytest.mark.parametrize(
    ("key", "cells", "known"),
    [
        ("redshift", ["-999", "-99.0", "99.0", "-9999", "1e20", "-1", "0.1", "6.5", ""], [6, 7]),
        ("dec", ["-999", "99.99", "-99", "12", "-1e30"], [3]),
        ("ra", ["-999", "-99.0", "99.0", "999", "12"], [2, 4]),
        ("pxscale", ["-999", "0.2", "-99"], [1]),
    ],
)
def test_impossible_nines_are_missing(key: str, cells: list[str], known: list[int]) -> None:
    assert np.flatnonzero(np.isfinite(sky_values(key, cells, RA))).tolist() == known


def test_a_right_ascension_in_hours_may_be_nines_too() -> None:
    assert np.isnan(sky_values("ra", ["-999", "12"], RA, "h")).tolist() == [True, False]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["17.5", "99", "24"], [17.5, np.nan, 24]),  # a magnitude
        (["10", "99", "190"], [10, 99, 190]),  # a count
        (["0.1", "-999", "", "0.2", "inf"], None),
        (["0.1", "-999", "--", "0.2"], [0.1, np.nan, np.nan, 0.2]),
    ],
)
def test_nines_of_a_target_are_missing_where_they_lie_far_from_the_rest(
    cells: list[str], expected: list[float] | None
) -> None:
    column = Column("t.csv", "m", "targets")
    if expected is None:
        with pytest.raises(DataError):
            target_values(cells, column)
    else:
        assert np.array_equal(target_values(cells, column), expected, equal_nan=True)


def lines_of(folder: Path, **config: str) -> list[ReceiptLine]:
    return inspect_source({"path": str(folder), **config}, roots=EVERYWHERE).receipt


def test_the_unit_of_the_table_and_the_setting_are_told(run_import: Write, pictures: Path) -> None:
    table = Table({"file": [f"img/{i}.png" for i in range(N)], "ra": np.arange(N) / 2, "dec": np.zeros(N)})
    table["ra"].unit = "hourangle"
    table.write(pictures / "c.ecsv")  # FITS knows no hour angle
    with GalaxyStore.open(run_import(pictures, name="hours")) as store:
        assert store.ra == pytest.approx(np.arange(N) * 7.5)
    with GalaxyStore.open(run_import(pictures, name="degrees", ra_unit="deg")) as store:
        assert store.ra == pytest.approx(np.arange(N) / 2)
    said = [line.text for line in lines_of(pictures) if "RA is in" in line.text]
    assert said == ["RA is in hours, by the unit of 'ra'."]


def test_degrees_that_look_like_hours_are_an_assumption(pictures: Path) -> None:
    rows = "".join(f"img/{i}.png,{i / 2},0\n" for i in range(N))
    (pictures / "c.csv").write_text("file,ra,dec\n" + rows)
    assert "ra_unit" in [line.field for line in lines_of(pictures) if line.kind == "assumed"]
    assert "ra_unit" not in [
        line.field for line in lines_of(pictures, ra_unit="deg") if line.kind == "assumed"
    ]


def test_marks_of_missing_values_are_counted(pictures: Path) -> None:
    rows = "".join(f"img/{i}.png,{-999 if i in (4, 9) else 0.1}\n" for i in range(N))
    (pictures / "c.csv").write_text("file,redshift\n" + rows)
    assert [(line.count, line.first) for line in lines_of(pictures) if line.kind == "skipped"] == [
        (2, "-999")
    ]


def test_one_class_is_taken_and_noted(run_import: Write, pictures: Path) -> None:
    (pictures / "c.csv").write_text("file,label\n" + "".join(f"img/{i}.png,spiral\n" for i in range(N)))
    assert "label_column" in [line.field for line in lines_of(pictures) if line.kind == "assumed"]
    with GalaxyStore.open(run_import(pictures)) as store:
        assert store.class_names == ["spiral"]
