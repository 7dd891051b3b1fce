"""One table in every format is one dataset; text tables of archives; files that are not what they seem."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import MaskedColumn, Table
from pyarrow import parquet

from backend.data.importers import inspect_source
from backend.data.importers.tables import open_table, read_columns
from backend.data.store import GalaxyStore, describe
from backend.errors import DataError
from backend.files import EVERYWHERE
from tests.data.conftest import refused
from tests.data.importers.tables.conftest import IDS, WRITERS, N

Write = Callable[..., Path]
WriteTable = Callable[[Table, Path], Path]


def read(path: Path) -> dict[str, list[str]]:
    table = open_table(lambda: path.open("rb"), path.name)
    return read_columns(table, table.columns)


@pytest.mark.parametrize("kind", WRITERS)
def test_one_table_is_one_dataset_from_every_format(
    run_import: Write, pictures: Path, catalogue: Table, write_table: WriteTable, kind: str
) -> None:
    labels = write_table(catalogue, pictures / f"cat.{kind}")
    made = run_import(pictures / "img", labels=str(labels), name="other", targets="votes")
    reference = write_table(catalogue, pictures / "reference.ecsv")
    expected = run_import(pictures / "img", labels=str(reference), name="reference", targets="votes")
    assert describe(made, "x").digest == describe(expected, "x").digest
    with GalaxyStore.open(made) as store:
        assert store.source_ids == [str(number) for number in IDS]
        assert store.class_names == ["1", "2", "10"]
        assert store.labels.tolist() == [-1 if i == 5 else i % 3 for i in range(N)]
        for key in ("ra", "dec", "redshift", "pxscale"):
            values = np.ma.filled(np.ma.asarray(catalogue[key]).astype(float), np.nan)
            assert np.array_equal(getattr(store, key), values, equal_nan=True), key
        votes = np.array([np.nan if i == 2 else 3.0 * i for i in range(N)])
        assert np.array_equal(store.targets["votes"], votes, equal_nan=True)


@pytest.mark.parametrize("kind", ["csv", "fits", "fits.gz", "vot", "ecsv", "parquet"])
def test_the_only_table_of_a_folder_is_its_table(
    run_import: Write, pictures: Path, catalogue: Table, write_table: WriteTable, kind: str
) -> None:
    path = write_table(catalogue, pictures / f"anything.{kind}")
    by_folder = describe(run_import(pictures, name="folder"), "x")
    by_path = describe(run_import(path, name="path"), "x")
    assert by_folder.digest == by_path.digest
    assert list(by_folder.class_counts) == ["1", "2", "10"]


def test_a_fits_table_is_told_from_a_fits_image_by_its_content(run_import: Write, tmp_path: Path) -> None:
    for index in range(12):
        values = np.random.default_rng(index).normal(size=(16, 16)).astype(np.float32)
        fits.PrimaryHDU(values).writeto(tmp_path / f"g{index}.fits")
    Table({"file": [f"g{i}.fits" for i in range(12)], "class": ["a", "b"] * 6}).write(tmp_path / "c.fits")
    described = describe(run_import(tmp_path), "x")
    assert (described.n, described.class_counts) == (12, {"a": 6, "b": 6})
    assert described.skipped_count == 0


def test_unsigned_integers_strings_and_masks_of_fits_are_read(tmp_path: Path) -> None:
    logical = fits.Column("flag", "L", array=[True, False, True])
    table = Table(
        {
            "u2": np.array([0, 32768, 65535], np.uint16),
            "u8": np.array([0, 9223372036854775808, 18446744073709551615], np.uint64),
            "name": MaskedColumn(["NGC 1 ", "b", "M 31"], mask=[False, True, False]),
            "i2": MaskedColumn(np.array([1, -2, 3], np.int16), mask=[False, False, True]),
        }
    )
    path = tmp_path / "t.fits"
    columns = fits.BinTableHDU(table).columns + logical
    hdu = fits.BinTableHDU.from_columns(columns)
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path)
    raw = bytearray(path.read_bytes())
    start = fits.open(path)[1]._data_offset + hdu.header["NAXIS1"] - 1
    raw[start] = 0  # FITS 4.0: a zero byte is a missing truth value
    path.write_bytes(raw)
    assert read(path) == {
        "u2": ["0", "32768", "65535"],
        "u8": ["0", "9223372036854775808", "18446744073709551615"],
        "name": ["NGC 1", "", "M 31"],
        "i2": ["1", "-2", ""],
        "flag": ["", "False", "True"],
    }


def test_masks_that_astropy_writes_beside_parquet_columns_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    Table({"z": MaskedColumn([0.1, 7.0], mask=[False, True], unit="mag")}).write(path)
    assert parquet.read_schema(path).names == ["z", "z.mask"]
    table = open_table(lambda: path.open("rb"), path.name)
    assert (table.columns, table.units, read(path)) == (["z"], {"z": "mag"}, {"z": ["0.1", ""]})


def test_a_sky_position_in_ecsv_is_its_two_columns(tmp_path: Path) -> None:
    path = tmp_path / "t.ecsv"
    Table({"coord": SkyCoord([1.5, 2.5], [3.0, -4.0], unit="deg")}).write(path)
    found = read(path)
    assert (found["coord.ra"], found["coord.dec"]) == (["1.5", "2.5"], ["3", "-4"])


SKYSERVER = "#Table1\nobjid,ra,dec\n1237648720693755918,1.5,-2\n1237648720693755919,2.5,-3\n"
VIZIER = """#
#   VizieR Astronomical Server vizier.cds.unistra.fr
#INFO\t-ref=VIZ6543
#Column\tobjid\t(I19)\tIdentifier
#Column\tra\t(F10.6)\tRight ascension

objid\tra\tdec
 \tdeg\tdeg
-------------------\t----------\t----------
1237648720693755918\t       1.5\t        -2
1237648720693755919\t       2.5\t        -3

#END#
"""
TOPCAT = """# a catalogue
# objid               ra    dec
1237648720693755918   1.5   -2
1237648720693755919   2.5   -3
"""
IPAC = r"""\fixlen = T
|objid               |ra    |dec   |
|long                |double|double|
|                    |deg   |deg   |
|null                |null  |null  |
 1237648720693755918  1.5    -2
 1237648720693755919  2.5    -3
"""
SEXTRACTOR = """#   1 objid           Number
#   2 ra              Right ascension  [deg]
#   3 dec             Declination      [deg]
1237648720693755918   1.5   -2
1237648720693755919   2.5   -3
""".replace("objid", "NUMBER")
MRT = """Title: A sample
Authors: Us
Table: Galaxies
================================================================================
Byte-by-byte Description of file: t.txt
--------------------------------------------------------------------------------
   Bytes Format Units  Label  Explanations
--------------------------------------------------------------------------------
   1- 19 A19    ---    objid  Identifier
  21- 23 F3.1   deg    ra     Right ascension
  25- 26 I2     deg    dec    Declination
--------------------------------------------------------------------------------
Note (1): none
--------------------------------------------------------------------------------
1237648720693755918 1.5 -2
1237648720693755919 2.5 -3
"""
UNIT_LINE = "objid,ra,dec\n,deg,deg\n1237648720693755918,1.5,-2\n1237648720693755919,2.5,-3\n"
TITLED = "# made on Monday, by me, here\n" + SKYSERVER.split("\n", 1)[1]


@pytest.mark.parametrize(
    ("name", "text", "units"),
    [
        ("skyserver.csv", SKYSERVER, {}),
        ("vizier.tsv", VIZIER, {"ra": "deg", "dec": "deg"}),
        ("vizier.txt", VIZIER.replace("\t", ";"), {"ra": "deg", "dec": "deg"}),
        ("topcat.txt", TOPCAT, {}),
        ("ipac.tbl", IPAC, {"ra": "deg", "dec": "deg"}),
        ("mrt.txt", MRT, {"ra": "deg", "dec": "deg"}),
        ("units.csv", UNIT_LINE, {"ra": "deg", "dec": "deg"}),
        ("titled.csv", TITLED, {}),
        ("dos.csv", SKYSERVER.replace("\n", "\r\n"), {}),
        ("quoted.txt", 'objid ra dec\n"1237648720693755918" 1.5 -2\n"1237648720693755919" 2.5 -3\n', {}),
    ],
)
def test_text_tables_of_archives_are_read(
    tmp_path: Path, name: str, text: str, units: dict[str, str]
) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode())
    table = open_table(lambda: path.open("rb"), name)
    assert table.units == units
    found = read(path)
    assert found["objid"] == ["1237648720693755918", "1237648720693755919"]
    assert [list(map(float, found[key])) for key in ("ra", "dec")] == [[1.5, 2.5], [-2.0, -3.0]]


def test_a_catalogue_of_sextractor_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.cat.txt"
    path.write_text(SEXTRACTOR)
    assert read(path) == {
        "NUMBER": ["1237648720693755918", "1237648720693755919"],
        "ra": ["1.5", "2.5"],
        "dec": ["-2", "-3"],
    }


def test_blanks_and_nulls_of_a_fits_table_of_text_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "t.fits"
    columns = [
        fits.Column("n", "I4", array=[1, 22, 3], ascii=True, null="**"),
        fits.Column("x", "F5.2", array=[1.5, 2, 3], ascii=True),
    ]
    hdu = fits.TableHDU.from_columns(columns)
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path)
    raw = path.read_bytes()
    assert raw.count(b"  22") == 1
    path.write_bytes(raw.replace(b"  22", b"  **"))
    assert read(path)["n"] == ["1", "", "3"]
    path.write_bytes(raw.replace(b"  22", b"    "))
    assert read(path)["n"] == ["1", "", "3"]


def test_columns_whose_rows_vary_in_length_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "t.fits"
    rows = np.array([np.array([1, 2]), np.array([3])], dtype=object)
    columns = [fits.Column("v", "PJ()", array=rows), fits.Column("n", "J", array=[1, 2])]
    fits.BinTableHDU.from_columns(columns).writeto(path)
    table = open_table(lambda: path.open("rb"), path.name)
    assert (table.columns, [part.first for part in table.unread]) == (["n"], ["v"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("href", ["file:///etc/passwd", "http://127.0.0.1:9/x"])
def test_a_votable_never_opens_another_file(tmp_path: Path, encoding: str, href: str) -> None:
    path = tmp_path / "t.vot"
    path.write_bytes(
        f'<?xml version="1.0" encoding="{encoding}"?><VOTABLE version="1.3"><RESOURCE><TABLE>'
        f'<FIELD name="a" datatype="int"/><DATA><BINARY><STREAM href="{href}"/></BINARY></DATA>'
        "</TABLE></RESOURCE></VOTABLE>".encode(encoding)
    )
    with pytest.raises(DataError) as caught:
        read(path)
    assert caught.value.code == "linked_table"


def test_a_gzipped_csv_is_read_like_itself(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(SKYSERVER.encode()))
    assert read(path)["ra"] == ["1.5", "2.5"]


def test_a_comment_among_the_rows_is_noted_and_a_full_row_with_a_hash_is_a_row(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("file,ra\na.png,1\n# bad night\n#b.png,2\nc.png,3\n")
    table = open_table(lambda: path.open("rb"), path.name)
    assert read_columns(table, ["file"]) == {"file": ["a.png", "#b.png", "c.png"]}
    assert [(part.count, part.first) for part in table.unread] == [(1, "# bad night")]


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("t.csv", "<!DOCTYPE html><html><title>503 Busy</title></html>", "web_page"),
        ("t.vot", "\n<html><body>error</body></html>", "web_page"),
        ("t.vot", "<?xml version='1.0'?><VOTABLE", "bad_table"),
        ("t.ecsv", "# %ECSV 1.0\n# ---\n# {name: a, datatype: int64}\na\n1\n", "bad_table"),
        ("t.fits", "SIMPLE  =                    T", "bad_table"),
        ("t.fits", "nothing", "bad_table"),
        ("t.txt", "a b c\n1 2 3\n4 5\n", "bad_csv"),
        ("t.tsv", VIZIER + VIZIER, "several_tables"),
    ],
)
def test_what_is_not_a_table_is_refused_by_name(tmp_path: Path, name: str, text: str, code: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        read(path)
    assert (caught.value.code, name in caught.value.detail) == (code, True)


def test_a_service_that_reports_an_error_in_a_votable_is_quoted(tmp_path: Path) -> None:
    path = tmp_path / "t.vot"
    path.write_text(
        '<?xml version="1.0"?><VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
        '<RESOURCE type="results"><INFO name="QUERY_STATUS" value="ERROR">no such table dr19</INFO>'
        "</RESOURCE></VOTABLE>"
    )
    with pytest.raises(DataError) as caught:
        read(path)
    assert (caught.value.code, "no such table dr19" in caught.value.detail) == ("no_rows", True)


def header(rows: int, width: int) -> bytes:
    """The headers of a FITS table of that size, without its rows."""
    hdu = fits.BinTableHDU.from_columns([fits.Column("file", f"{width}A", array=["a.png"])])
    hdu.header["NAXIS2"] = rows
    return fits.PrimaryHDU().header.tostring().encode() + hdu.header.tostring().encode()


@pytest.mark.parametrize(
    ("rows", "width", "code", "size"),
    [
        (100_000, 100_000, "table_too_large", "10.0 GB"),
        (3, 1000, "truncated", "3 rows"),
        (600_000, 8, "table_too_long", "600,000"),
    ],
)
def test_a_fits_table_is_judged_by_its_declared_size(
    tmp_path: Path, rows: int, width: int, code: str, size: str
) -> None:
    path = tmp_path / "big.fits"
    path.write_bytes(header(rows, width))
    with pytest.raises(DataError) as caught:
        read(path)
    assert (caught.value.code, size in caught.value.detail) == (code, True)


def test_columns_of_arrays_and_further_tables_are_in_the_receipt(pictures: Path, catalogue: Table) -> None:
    catalogue["spectrum"] = np.zeros((N, 4))
    tables = [fits.table_to_hdu(catalogue), fits.BinTableHDU(Table({"x": [1]}), name="EXTRA")]
    fits.HDUList([fits.PrimaryHDU(), *tables]).writeto(pictures / "cat.fits")
    receipt = inspect_source({"path": str(pictures)}, roots=EVERYWHERE).receipt
    skipped = {line.first: line.count for line in receipt if line.kind == "skipped"}
    assert skipped == {"votes": 2, "spectrum": 1, "EXTRA": 1}


def test_tables_that_are_not_used_are_named(
    pictures: Path, catalogue: Table, write_table: WriteTable
) -> None:
    write_table(catalogue, pictures / "labels.fits")
    write_table(catalogue, pictures / "extra.csv")
    preview = inspect_source({"path": str(pictures)}, roots=EVERYWHERE)
    assert preview.roles["label_column"] == "class"
    assert ("extra.csv", 1) in [(line.first, line.count) for line in preview.receipt]


@pytest.mark.parametrize("kind", ["float", "double"])
def test_ids_of_a_float_column_that_lost_digits_are_refused(
    run_import: Write, pictures: Path, store_folder: Path, kind: str
) -> None:
    large = 2.0**60 if kind == "double" else 2.0**25
    numbers = pa.array(
        large + 1000 * np.arange(N), getattr(pa, {"float": "float32", "double": "float64"}[kind])()
    )
    parquet.write_table(
        pa.table({"file": [f"img/{i}.png" for i in range(N)], "objid": numbers}), pictures / "c.parquet"
    )
    error = refused(run_import, pictures, store_folder)
    assert (error.code, error.field) == ("id_digits_lost", "id_column")
    assert describe(run_import(pictures, id_column="-"), "x").n == N


@pytest.mark.parametrize("value", ["1.2376487206937559e+18", "1.23765E+18", "1.2E5", "1237648720693755918.0"])
def test_ids_in_a_csv_that_lost_digits_are_refused(
    run_import: Write, pictures: Path, store_folder: Path, value: str
) -> None:
    lines = [f"img/{i}.png,{value if i == 4 else i}" for i in range(N)]
    (pictures / "c.csv").write_text("\n".join(["file,objid", *lines]))
    error = refused(run_import, pictures, store_folder)
    assert (error.code, f"'{value}' in row 5" in error.detail) == ("id_digits_lost", True)


@pytest.mark.parametrize("make", [lambda i: f"{i}.0", lambda i: f"2E{i:04d}", lambda i: f"J{i}+1.5", str])
def test_ids_that_lost_nothing_are_kept(
    run_import: Write, pictures: Path, make: Callable[[int], str]
) -> None:
    lines = [f"img/{i}.png,{make(i + 50)}" for i in range(N)]
    (pictures / "c.csv").write_text("\n".join(["file,objid", *lines]))
    with GalaxyStore.open(run_import(pictures)) as store:
        assert store.source_ids == [make(i + 50).removesuffix(".0") for i in range(N)]


@pytest.mark.parametrize("values", [["1.0", "2.0", "10.0"], ["0.5", "-0.5", "10.0"], ["true", "false", ""]])
def test_classes_from_text_are_those_of_typed_columns(
    run_import: Write, pictures: Path, values: list[str]
) -> None:
    typed: Any = {"true": True, "false": False, "": None}
    cells = [values[i % 3] for i in range(N)]
    frame = pd.DataFrame({"file": [f"img/{i}.png" for i in range(N)], "class": cells})
    stores = {}
    for name in ("csv", "parquet"):
        if name == "parquet":
            frame["class"] = [typed[c] if c in typed else float(c) for c in cells]
            frame.to_parquet(pictures / "c.parquet")
        else:
            frame.to_csv(pictures / "c.csv", index=False)
        with GalaxyStore.open(run_import(pictures / f"c.{name}", name=name)) as store:
            stores[name] = (store.class_names, store.labels.tolist())
    assert stores["csv"] == stores["parquet"]
    known = [cell for cell in values if cell]
    assert stores["csv"][0] == (
        ["False", "True"] if "true" in known else [f"{v:g}" for v in sorted(map(float, known))]
    )


@pytest.mark.parametrize(
    ("zero", "scale", "stored"), [(32768, 1.0, -32768), (0, 0.001, -32768), (0, 1.0, -99)]
)
def test_tnull_is_a_stored_value_before_scaling(tmp_path: Path, zero: int, scale: float, stored: int) -> None:
    rows = np.array([(7,), (stored,), (9,)], dtype=[("mass", ">i2")])
    hdu = fits.BinTableHDU(rows)
    hdu.header["TNULL1"] = stored
    if zero:
        hdu.header["TZERO1"] = zero
    if scale != 1:
        hdu.header["TSCAL1"] = scale
    hdu.writeto(tmp_path / "t.fits")
    table = open_table(lambda: (tmp_path / "t.fits").open("rb"), "t.fits")
    cells = read_columns(table, ["mass"])["mass"]
    assert [float(cell) if cell else None for cell in cells] == [
        pytest.approx(7 * scale + zero), None, pytest.approx(9 * scale + zero)
    ]  # fmt: skip
