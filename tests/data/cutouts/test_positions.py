"""Tables and lists of positions: which rows become cut-outs, and what is said of the others."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.units import deg

from backend.data.cutouts.positions import Positions, read_positions, split_position
from backend.data.importers.reporting import Findings
from backend.errors import DataError, ForbiddenError
from backend.files import EVERYWHERE
from shared.configs import CutoutsConfig
from tests.data.conftest import raises


def read(path: Path, text: str, **values: Any) -> tuple[Positions, Findings]:
    path.write_text(text)
    findings = Findings(strict=True)
    config = {"path": str(path), "name": "x", "survey": "sdss-dr9", "img_size": 50} | values
    return read_positions(CutoutsConfig.model_validate(config), EVERYWHERE, findings), findings


def sky(positions: Positions, key: str) -> list[float]:
    return [round(value, 6) for value in positions.catalogue.sky[key].tolist()]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("150.1 2.2", ("", "150.1", "2.2")),
        ("150.1, -2.2", ("", "150.1", "-2.2")),
        ("NGC 1300, 49.9208, -19.4111", ("NGC 1300", "49.9208", "-19.4111")),
        ("NGC 1300 49.9208 -19.4111", ("NGC 1300", "49.9208", "-19.4111")),
        ("M 51 13:29:52.7 +47:11:43", ("M 51", "13:29:52.7", "+47:11:43")),
        ("M51 13h29m52.7s +47d11m43s", ("M51", "13h29m52.7s", "+47d11m43s")),
        ("13 29 52.7 +47 11 43", ("", "13 29 52.7", "+47 11 43")),
        ("M 51 13 29 52.7 +47 11 43", ("M 51", "13 29 52.7", "+47 11 43")),
        ("a;13 29 52.7;+47 11 43", ("a", "13 29 52.7", "+47 11 43")),
        ("1237648720693755918\t150.1\t2.2", ("1237648720693755918", "150.1", "2.2")),
        ("ra,dec", None),
        ("id ra dec", None),
        ("NGC 1300", None),
        ("150.1", None),
        ("a, 1, 2, 3", None),
        ("7 13 29 52.7 47 11 43", None),
        ("1 2 3 4", None),
    ],
)
def test_a_line_is_split_into_name_and_position(line: str, expected: tuple[str, str, str] | None) -> None:
    assert split_position(line) == expected


def test_a_list_without_a_header_is_read(tmp_path: Path) -> None:
    text = "# from the paper\nM 51 13:29:52.7 +47:11:43\n\nNGC 1300 03:19:41.1 −19:24:40\n"
    positions, findings = read(tmp_path / "list.txt", text)
    assert positions.catalogue.source_ids == ["M 51", "NGC 1300"]
    known = SkyCoord(["13h29m52.7s", "3h19m41.1s"], ["47d11m43s", "-19d24m40s"])
    assert sky(positions, "ra") == [round(float(ra), 6) for ra in known.ra.degree]
    assert sky(positions, "dec") == [round(float(dec), 6) for dec in known.dec.degree]
    assert [line.field for line in findings.receipt if line.kind == "assumed"][:1] == ["ra_column"]
    with raises(DataError, "no_position", "Line 2", "'NGC 1300'"):
        read(tmp_path / "list.txt", "150 2\nNGC 1300\n")
    unnamed, _ = read(tmp_path / "list.txt", "150 2\n151 3\n")
    assert unnamed.catalogue.source_ids == ["list:0", "list:1"]


def test_rows_without_position_or_outside_the_cone_are_counted_and_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(0, 360, 200), np.degrees(np.arcsin(rng.uniform(-1, 1, 200)))
    rows = [f"g{i},{'' if i in (3, 5) else ra[i]},{dec[i]}" for i in range(200)]
    positions, findings = read(tmp_path / "t.csv", "\n".join(["id,ra,dec", *rows]), cone="350,10,40")
    apart = SkyCoord(ra * deg, dec * deg).separation(SkyCoord(350 * deg, 10 * deg)).degree
    inside = [i for i in range(200) if apart[i] <= 40 and i not in (3, 5)]
    assert positions.catalogue.source_ids == [f"g{i}" for i in inside]
    skipped = [(line.count, line.first) for line in findings.receipt if line.kind == "skipped"]
    outside = [i for i in range(200) if i not in inside and i not in (3, 5)]
    assert skipped == [(2, "g3"), (len(outside), f"g{outside[0]}")]


def test_the_scale_is_a_number_a_column_a_width_or_the_surveys_own(tmp_path: Path) -> None:
    text = "ra,dec,pxscale,size\n1,1,7,0.5\n2,2,7,\n3,3,7,0.25\n"
    path = tmp_path / "t.csv"
    assert sky(read(path, text)[0], "pxscale") == [0.396] * 3  # the column describes other images
    assert sky(read(path, text, pxscale="0.3")[0], "pxscale") == [0.3] * 3
    assert sky(read(path, text, fov=25)[0], "pxscale") == [0.5] * 3
    positions, findings = read(path, text, pxscale="size")
    assert sky(positions, "pxscale") == [0.5, 0.25]
    assert (1, "t:1") in [(line.count, line.first) for line in findings.receipt if line.kind == "skipped"]
    with raises(DataError, "bad_pxscale", "0"):
        read(path, text, pxscale="0")


def test_what_has_no_positions_is_refused(tmp_path: Path) -> None:
    with raises(DataError, "no_positions", "RA", "x, y"):
        read(tmp_path / "t.csv", "x,y\n1,2\n")
    with raises(DataError, "not_a_table", "galaxies.h5"):
        read(tmp_path / "galaxies.h5", "")
    with raises(DataError, "no_such_file"):
        config = CutoutsConfig(path=str(tmp_path / "no.csv"), name="x", survey="dss2")
        read_positions(config, EVERYWHERE, Findings(strict=True))
    config = CutoutsConfig(path="/etc/passwd.csv", name="x", survey="dss2")
    with raises(ForbiddenError, "outside_data_roots"):
        read_positions(config, (tmp_path,), Findings(strict=True))


@pytest.mark.parametrize(
    "values",
    [
        {"survey": "none"},
        {"labels": "t.csv"},
        {"crop": True},
        {"fov": 3, "pxscale": "0.2"},
        {"bands": "g,w", "file_format": "fits"},
        {"cone": "1,2"},
        {"cone": "1,99,2"},
        {"fov": 0},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(values)).rstrip("s")):
        CutoutsConfig.model_validate({"path": "t.csv", "name": "x", "survey": "dss2"} | values)
