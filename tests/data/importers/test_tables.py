"""Tables of labels: delimiters, Parquet, guessed columns, angles, splits; every fault named by its value."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.data.importers import inspect_source
from backend.data.importers.values import Column, sky_values
from backend.data.store import GalaxyStore, describe
from backend.errors import DataError
from backend.files import EVERYWHERE
from tests.data.conftest import receipt_of, refused, write_image

Write = Callable[..., Path]
COLUMN = Column("t.csv", "x", "ra_column")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Forty-eight pictures in a folder img."""
    for index in range(48):
        write_image(tmp_path / "t" / "img" / f"{index}.png", seed=index)
    return tmp_path / "t"


def rows(make: Callable[[int], object], n: int = 48) -> str:
    return "".join(f"{make(i)}\n" for i in range(n))


def import_table(run: Write, folder: Path, text: str, **config: Any) -> GalaxyStore:
    (folder / "labels.csv").write_text(text)
    return GalaxyStore.open(run(folder, **config))


@pytest.mark.parametrize("mark", [",", ";", "\t", "|", "  "])
def test_any_common_delimiter_is_seen(run_import: Write, pictures: Path, mark: str) -> None:
    text = mark.join(("file", "class", "ra", "dec")) + "\n"
    text += rows(lambda i: mark.join((f"img/{i}.png", "ab"[i % 2], str(i + 0.5), "-5")))
    with import_table(run_import, pictures, text) as store:
        assert store.class_names == ["a", "b"]
        assert store.ra[7] == 7.5
        assert (store.dec == -5).all()


def test_a_wrong_delimiter_is_said_with_the_column_it_made(
    run_import: Write, pictures: Path, store_folder: Path
) -> None:
    (pictures / "labels.csv").write_text("file:label\n" + rows(lambda i: f"img/{i}.png:a"))
    error = refused(run_import, pictures, store_folder)
    assert error.code == "one_column"
    assert "a single column, 'file:label'" in error.detail
    assert "comma, semicolon, tab" in error.detail


def test_a_missing_header_and_a_row_too_long_are_said(
    run_import: Write, pictures: Path, store_folder: Path
) -> None:
    (pictures / "labels.csv").write_text(rows(lambda i: f"img/{i}.png,a"))
    assert "'img/0.png'" in refused(run_import, pictures, store_folder).detail
    (pictures / "labels.csv").write_text("file,label\nimg/0.png,a\nimg/1.png,a,b\n")
    assert "row 2 of labels.csv has 3 cells" in refused(run_import, pictures, store_folder).detail


@pytest.mark.parametrize(("length", "word"), [(200_000, "field limit"), (2**20 + 1, "line over 1,048,576")])
def test_a_table_without_line_ends_is_refused_before_it_fills_the_memory(
    run_import: Write, pictures: Path, store_folder: Path, length: int, word: str
) -> None:
    (pictures / "labels.csv").write_text("a" * length)
    error = refused(run_import, pictures, store_folder)
    assert error.code == "bad_csv"
    assert word in error.detail


def test_classes_that_only_look_like_numbers_are_names(run_import: Write, pictures: Path) -> None:
    text = "file,class\n" + rows(lambda i: f"img/{i}.png,{('10', '--1')[i % 2]}")
    with import_table(run_import, pictures, text) as store:
        assert store.class_names == ["--1", "10"]


def test_parquet_is_read_like_csv(run_import: Write, pictures: Path) -> None:
    table = pd.DataFrame(
        {
            "file": [f"img/{i}.png" for i in range(48)],
            "objid": np.arange(48) + 2**53,
            "class": ["a", "b", None] * 16,
            "ra": np.linspace(0, 94, 48),
            "dec": np.where(np.arange(48) == 3, np.nan, 1.0),
            "spectrum": [[1.0, 2.0]] * 48,
        }
    )
    table.to_parquet(pictures / "catalogue.parquet")
    with GalaxyStore.open(run_import(pictures)) as store:
        assert store.class_names == ["a", "b"]
        assert store.labels[:3].tolist() == [0, 1, -1]
        assert store.source_ids[3] == str(2**53 + 3)
        assert store.ra[1] == 2
        assert np.isnan(store.dec[3])


def test_a_damaged_parquet_is_refused(run_import: Write, pictures: Path, store_folder: Path) -> None:
    pd.DataFrame({"file": ["img/0.png"] * 48}).to_parquet(pictures / "labels.parquet")
    whole = (pictures / "labels.parquet").read_bytes()
    (pictures / "labels.parquet").write_bytes(whole[:-40])
    assert refused(run_import, pictures, store_folder).code == "bad_parquet"


def test_columns_are_guessed_by_name_and_by_what_they_hold(pictures: Path) -> None:
    header = "survey,png,IAUNAME,hubble_type,RAJ2000,DEJ2000,z_spec,pixscale,set,group_id\n"
    (pictures / "labels.csv").write_text(
        header + rows(lambda i: f"S,{i}.png,J{i},{'ES'[i % 2]},{i},1,0.1,0.4,{'train' if i else 'val'},{i}")
    )
    preview = inspect_source({"path": str(pictures)}, roots=EVERYWHERE)
    assert preview.roles == {
        "image_column": "png",
        "label_column": "hubble_type",
        "id_column": "IAUNAME",
        "ra_column": "RAJ2000",
        "dec_column": "DEJ2000",
        "redshift_column": "z_spec",
        "pxscale": "pixscale",
        "split_column": "set",
        "group_column": "group_id",
    }
    assert preview.split_counts == {"train": 47, "val": 1, "test": 0}
    assert preview.rows[1]["IAUNAME"] == "J1"
    assert preview.problems == []


def test_a_column_z_beside_g_and_r_is_a_magnitude_and_a_dash_takes_none(pictures: Path) -> None:
    (pictures / "labels.csv").write_text(
        "file,class,g,r,z\n" + rows(lambda i: f"img/{i}.png,{i % 2},18,17,16")
    )
    assert inspect_source({"path": str(pictures)}, roots=EVERYWHERE).roles["redshift_column"] is None
    chosen = inspect_source(
        {"path": str(pictures), "redshift_column": "z", "label_column": "-"}, roots=EVERYWHERE
    )
    assert (chosen.roles["redshift_column"], chosen.roles["label_column"]) == ("z", None)
    assert (chosen.unlabelled, chosen.class_counts) == (48, {})


def test_a_table_without_classes_makes_an_unlabelled_dataset_and_says_so(
    run_import: Write, pictures: Path
) -> None:
    (pictures / "labels.csv").write_text("file,ra,dec\n" + rows(lambda i: f"img/{i}.png,{i},0"))
    assert (
        "No column of labels.csv is known to hold classes"
        in receipt_of(inspect_source({"path": str(pictures)}, roots=EVERYWHERE))[0]
    )
    assert describe(run_import(pictures), "x").unlabelled == 48


def test_right_ascension_in_hours_becomes_degrees_and_minus_zero_stays_south(
    run_import: Write, pictures: Path
) -> None:
    # 12h 30m is 187.5°; −0° 30′ 36″ is −0.51°.
    text = "file,ra,dec\n" + rows(lambda i: f"img/{i}.png,12:{i}:00.0,-00:{i}:36")
    with import_table(run_import, pictures, text) as store:
        assert store.ra[30] == pytest.approx(187.5)
        assert store.dec[30] == pytest.approx(-0.51)
    assert "RA is read as hours, minutes and seconds." in receipt_of(
        inspect_source({"path": str(pictures)}, roots=EVERYWHERE)
    )


@pytest.mark.parametrize("text", ["1h30m36s", "01 30 36.0", "1:30:36", "22.65", "22d39m", "22°39′00″"])
def test_every_common_way_to_write_a_right_ascension_is_read(text: str) -> None:
    assert sky_values("ra", [text], COLUMN)[0] == pytest.approx(22.65)


@given(st.floats(0, 359.999), st.floats(-89.99, 89.99))
def test_an_angle_survives_being_written_in_minutes_and_seconds(ra: float, dec: float) -> None:
    hours, sign = ra / 15, "-" if dec < 0 else "+"
    written = [f"{int(v)}:{int(v * 60 % 60)}:{v * 3600 % 60:.6f}" for v in (hours, abs(dec))]
    if any(cell.endswith("60.000000") for cell in written):
        return
    assert sky_values("ra", [written[0]], COLUMN)[0] == pytest.approx(ra, abs=1e-7)
    assert sky_values("dec", [sign + written[1]], COLUMN)[0] == pytest.approx(dec, abs=1e-7)


@pytest.mark.parametrize(
    ("line", "code", "field", "words"),
    [
        ("372.5,0,0.1", "ra_out_of_range", "ra", "'372.5' in row 6, column 'ra' of labels.csv"),
        ("5,-91,0.1", "dec_out_of_range", "dec", "'-91' in row 6, column 'dec'"),
        ("5,0,unknown", "bad_number", "redshift", "'unknown' in row 6, column 'redshift' of labels.csv"),
        ("12:61:00,0,0.1", "bad_number", "ra", "'12:61:00' in row 6, column 'ra'"),
        ("5,2h30m,0.1", "bad_number", "dec", "'2h30m' in row 6, column 'dec'"),
        ("5,0,inf", "redshift_out_of_range", "redshift", "'inf' in row 6"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_row_and_column(
    run_import: Write, pictures: Path, store_folder: Path, line: str, code: str, field: str, words: str
) -> None:
    (pictures / "labels.csv").write_text(
        "file,ra,dec,redshift\n" + rows(lambda i: f"img/{i}.png,{line if i == 5 else '5,0,0.1'}")
    )
    error = refused(run_import, pictures, store_folder)
    assert (error.code, error.field) == (code, f"{field}_column")
    assert words in error.detail
    assert "; correct it" in error.detail


def test_blanks_and_marks_of_nothing_are_unknown(run_import: Write, pictures: Path) -> None:
    blanks = ["", "nan", "NULL", "--", "-999"]
    text = "file,redshift\n" + rows(lambda i: f"img/{i}.png,{blanks[i] if i < 5 else 0.2}")
    with import_table(run_import, pictures, text) as store:
        assert np.isnan(store.redshift[:5]).all()
        assert (store.redshift[5:] == 0.2).all()


def test_a_pixel_scale_is_a_number_or_a_column_and_grows_only_when_resized(
    run_import: Write, pictures: Path
) -> None:
    text = "file,scale\n" + rows(lambda i: f"img/{i}.png,{0.1 * (i + 1)}")
    with import_table(run_import, pictures, text, name="a", pxscale="0.4", img_size=12) as store:
        assert store.pxscale == pytest.approx(0.8)  # 24 px to 12 px
    with import_table(run_import, pictures, text, name="b", pxscale="scale", img_size=12, crop=True) as store:
        assert store.pxscale[3] == pytest.approx(0.4)


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf"])
def test_an_impossible_pixel_scale_is_refused(
    run_import: Write, pictures: Path, store_folder: Path, value: str
) -> None:
    error = refused(run_import, pictures / "img", store_folder, pxscale=value)
    assert (error.code, error.field) == ("bad_pxscale", "pxscale")
    assert f"pxscale {value} " in error.detail


def test_a_split_column_is_taken_as_it_is(run_import: Write, pictures: Path) -> None:
    names = ["Training", "valid", "TEST", "dev", "train", "testing"]
    text = "file,split\n" + rows(lambda i: f"img/{i}.png,{names[i % 6]}")
    with import_table(run_import, pictures, text) as store:
        assert store.splits[:6].tolist() == [0, 1, 2, 1, 0, 2]
    assert "The split is taken from column 'split'." in receipt_of(
        inspect_source({"path": str(pictures)}, roots=EVERYWHERE)
    )


def test_unknown_splits_are_listed(run_import: Write, pictures: Path, store_folder: Path) -> None:
    names = ["train", "val", "holdout", "extra"]
    (pictures / "labels.csv").write_text("file,split\n" + rows(lambda i: f"img/{i}.png,{names[i % 4]}"))
    error = refused(run_import, pictures, store_folder)
    assert (error.code, error.field) == ("unknown_split", "split_column")
    assert "'extra', 'holdout'" in error.detail
    assert describe(run_import(pictures, split_column="-"), "x").split_counts["val"] > 0


def test_a_split_without_validation_rows_is_refused_with_the_counts(
    run_import: Write, pictures: Path, store_folder: Path
) -> None:
    (pictures / "labels.csv").write_text(
        "file,split\n" + rows(lambda i: f"img/{i}.png,{'train' if i % 4 else 'test'}")
    )
    error = refused(run_import, pictures, store_folder)
    assert error.code == "empty_split"
    assert "no val rows (36 train, 0 val, 12 test)" in error.detail


def test_repeated_ids_form_a_group_and_are_noted(run_import: Write, pictures: Path) -> None:
    text = "file,objid\n" + rows(lambda i: f"img/{i}.png,obj {min(i, 46)}")
    with import_table(run_import, pictures, text) as store:
        assert store.source_ids[46] == store.source_ids[47] == "obj 46"
        assert store.splits[46] == store.splits[47]
    assert "Ids repeat in 1 row; rows of one id belong to one group." in receipt_of(
        inspect_source({"path": str(pictures)}, roots=EVERYWHERE)
    )


def test_a_given_split_that_divides_an_id_is_taken_and_counted(run_import: Write, pictures: Path) -> None:
    splits = ["train", "val", "test"]
    text = "file,objid,split\n" + rows(lambda i: f"img/{i}.png,obj {max(i, 2)},{splits[i % 3]}")
    with import_table(run_import, pictures, text) as store:
        assert store.splits[:3].tolist() == [0, 1, 2]
        assert store.provenance["groups_across_splits"] == 1
    notes = receipt_of(inspect_source({"path": str(pictures)}, roots=EVERYWHERE))
    assert "That split divides 1 group of one id or group." in notes


def test_rows_of_a_group_column_share_a_split_whatever_the_seed(run_import: Write, pictures: Path) -> None:
    text = "file,field\n" + rows(lambda i: f"img/{i}.png,{'' if i > 40 else i // 4}")
    for seed in range(3):
        with import_table(
            run_import, pictures, text, name=f"s{seed}", group_column="field", split_seed=seed
        ) as store:
            for field in range(10):
                assert len(set(store.splits[4 * field : 4 * field + 4].tolist())) == 1


def test_a_group_too_large_names_its_column_and_the_way_out(
    run_import: Write, pictures: Path, store_folder: Path
) -> None:
    (pictures / "labels.csv").write_text("file,group\n" + rows(lambda i: f"img/{i}.png,same"))
    error = refused(run_import, pictures, store_folder)
    assert (error.code, error.field) == ("group_too_large", "group_column")
    assert "48 of 48 rows" in error.detail
    assert describe(run_import(pictures, group_column="-"), "x").n == 48


def test_a_column_named_without_a_table_is_refused(
    run_import: Write, pictures: Path, store_folder: Path
) -> None:
    error = refused(run_import, pictures / "img", store_folder, label_column="class")
    assert (error.code, error.field) == ("no_table", "label_column")
    assert "'class'" in error.detail


def test_a_table_elsewhere_names_files_from_its_own_folder_or_the_images(
    run_import: Write, pictures: Path, tmp_path: Path
) -> None:
    for name, cell in (("a", "t/img/{}.png"), ("b", "{}"), ("c", str(pictures / "img") + "/{}.png")):
        table = tmp_path / f"{name}.csv"
        table.write_text("file,label\n" + rows(lambda i, cell=cell: f"{cell.format(i)},{i % 2}"))  # type: ignore[misc]
        with GalaxyStore.open(run_import(pictures / "img", name=name, labels=str(table))) as store:
            assert store.labels.tolist() == [i % 2 for i in range(48)]


def test_unused_images_are_noted(pictures: Path) -> None:
    (pictures / "labels.csv").write_text("file,label\n" + rows(lambda i: f"{i},{i % 2}", 40))
    notes = receipt_of(inspect_source({"path": str(pictures)}, roots=EVERYWHERE))
    assert any("8 images" in note and "labels.csv" in note for note in notes)


def test_a_number_out_of_an_array_is_named_by_its_value() -> None:
    with pytest.raises(DataError, match=r"'400' in row 2"):
        sky_values("ra", ["1", "400"], COLUMN)


def test_a_class_that_is_blank_in_other_words_is_no_class(run_import: Write, pictures: Path) -> None:
    blanks = ["nan", "NULL", "n/a", "-1"]
    text = "file,kind\n" + rows(lambda i: f"img/{i}.png,{blanks[i] if i < 4 else i % 2}")
    with import_table(run_import, pictures, text, label_column="kind") as store:
        assert store.class_names == ["-1", "0", "1"]  # −1 is a Hubble type
        assert int((store.labels < 0).sum()) == 3
