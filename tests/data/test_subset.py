"""A part of a dataset, or another split of it, as a dataset of its own."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.data.importers.reporting import ImportStopped
from backend.data.layout import DatasetPlan, GalaxyBlock
from backend.data.split_table import read_split_table, split_csv
from backend.data.store import GalaxyStore, StoreWriter, describe
from backend.data.subset import subset_dataset
from backend.errors import DataError
from shared.configs import SubsetConfig

N = 60
CLASSES = ["spiral", "smooth", "odd"]


def source_ids() -> list[str]:
    """One has what a CSV must quote, and two rows are of one source."""
    ids = [f"g{row:02d}" for row in range(N)]
    ids[3], ids[5] = 'a "b", c', ids[4]
    return ids


@pytest.fixture
def store(tmp_path: Path) -> GalaxyStore:
    """Sixty galaxies: class row % 4 with −1 for 3, split by row % 5, redshift row/100, each tenth unknown."""
    rows = np.arange(N)
    images = np.random.default_rng(0).integers(0, 256, (N, 8, 8, 2), dtype=np.uint8)
    redshift = np.where(rows % 10 == 9, np.nan, rows / 100)
    plan = DatasetPlan(
        n=N,
        img_size=8,
        channels=2,
        class_names=CLASSES,
        bands=["g", "r"],
        provenance={"kind": "simulated", "seed": 3},
        licence="CC0-1.0",
        simulated=True,
        stretch="asinh, Q 8",
        display=[[0.0, 1.0], [0.5, 0.5], [0.25, 0.75]],
    )
    block = GalaxyBlock(
        images,
        np.where(rows % 4 == 3, -1, rows % 4),
        source_ids(),
        {"redshift": redshift, "ra": rows * 5.0, "dec": rows * 0.5, "pxscale": np.full(N, 0.3)},
        splits=np.select([rows % 5 == 3, rows % 5 == 4], [1, 2], 0).astype(np.uint8),
    )
    with StoreWriter(tmp_path / "store", "all", "t0", plan) as writer:
        writer.append(block)
        return GalaxyStore.open(writer.finish())


Take = Callable[..., GalaxyStore]


@pytest.fixture
def take(store: GalaxyStore, tmp_path: Path) -> Take:
    """The subset that a config makes, open."""

    def run(**config: Any) -> GalaxyStore:
        wanted = SubsetConfig(dataset="all", name="part", **config)
        path = subset_dataset(wanted, store, tmp_path / "store", "t1", lambda *_: None, lambda: False)
        return GalaxyStore.open(path)

    return run


def rows_of(part: GalaxyStore) -> list[int]:
    """The rows of the whole dataset, known by their declination."""
    return np.round(part.dec * 2).astype(int).tolist()


def test_everything_about_a_row_is_kept(take: Take, store: GalaxyStore) -> None:
    part = take(classes=("smooth", "odd"))
    rows = np.array(rows_of(part))
    assert rows.tolist() == [row for row in range(N) if row % 4 in (1, 2)]
    assert (part.images(np.arange(part.n)) == store.images(rows)).all()
    assert part.class_names == ["smooth", "odd"]
    assert (part.labels == rows % 4 - 1).all()
    for key in ("splits", "ra", "redshift", "pxscale"):
        assert np.array_equal(getattr(part, key), getattr(store, key)[rows], equal_nan=True), key
    assert part.source_ids == [store.source_ids[row] for row in rows]
    assert (part.display == store.display).all()
    assert (part.bands, part.stretch, part.licence, part.simulated) == (
        ["g", "r"],
        "asinh, Q 8",
        "CC0-1.0",
        True,
    )


def test_provenance_says_of_what_and_what_was_asked(take: Take, store: GalaxyStore) -> None:
    part = take(classes=("smooth", "spiral"), n=20, seed=7)
    assert {key: part.provenance[key] for key in ("kind", "of", "digest", "filter", "split", "origin")} == {
        "kind": "subset",
        "of": "all",
        "digest": store.digest,
        "filter": {"classes": ["smooth", "spiral"], "n": 20, "seed": 7},
        "split": "as in all",
        "origin": store.provenance,
    }


def test_filters_are_taken_together_and_unknown_redshift_fits_no_range(take: Take) -> None:
    part = take(splits=("train", "val"), redshift_min=0.10, redshift_max=0.50)
    assert rows_of(part) == [row for row in range(10, 51) if row % 5 != 4 and row % 10 != 9]


def test_a_draw_is_seeded_and_keeps_the_order(take: Take, store: GalaxyStore, tmp_path: Path) -> None:
    drawn = rows_of(take(n=30, seed=1))
    assert drawn == sorted(set(drawn))
    assert len(drawn) == 30
    for seed, same in ((1, True), (2, False)):
        config = SubsetConfig(dataset="all", name="again", n=30, seed=seed)
        path = subset_dataset(config, store, tmp_path / f"s{seed}", "t", lambda *_: None, lambda: False)
        assert (rows_of(GalaxyStore.open(path)) == drawn) is same


def test_unlabelled_rows_stay_unlabelled(take: Take) -> None:
    part = take()
    assert describe(part_path(part), "x").unlabelled == 15
    assert part.class_names == CLASSES


def part_path(part: GalaxyStore) -> Path:
    return Path(str(part._pixels.filename))  # type: ignore[union-attr]


def refused(take: Take, tmp_path: Path, **config: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        take(**config)
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["all.h5"]
    return caught.value


def test_a_choice_of_too_few_or_without_a_split_is_refused(take: Take, tmp_path: Path) -> None:
    few = refused(take, tmp_path, redshift_min=0.55)
    assert (few.code, "4 of the 60" in few.detail) == ("too_few_images", True)
    no_val = refused(take, tmp_path, splits=("train", "test"))
    assert (no_val.code, no_val.field) == ("empty_split", "splits")
    assert "48" in no_val.detail
    unknown = refused(take, tmp_path, classes=("elliptical",))
    assert (unknown.code, "elliptical" in unknown.detail, "spiral, smooth, odd" in unknown.detail) == (
        "unknown_class",
        True,
        True,
    )


def test_a_stop_leaves_nothing_and_a_second_call_finds_the_first(store: GalaxyStore, tmp_path: Path) -> None:
    config = SubsetConfig(dataset="all", name="part")
    folder = tmp_path / "parts"
    with pytest.raises(ImportStopped):
        subset_dataset(config, store, folder, "t", lambda *_: None, lambda: True)
    assert list(folder.iterdir()) == []
    first = subset_dataset(config, store, folder, "t", lambda *_: None, lambda: False)
    assert subset_dataset(config, store, folder, "t", lambda *_: None, lambda: True) == first


# Split tables


def test_a_split_written_as_csv_is_read_back_the_same(take: Take, store: GalaxyStore, tmp_path: Path) -> None:
    table = tmp_path / "split.csv"
    table.write_text("".join(split_csv(store)))
    with table.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert lines[3] == {"row": "3", "source_id": 'a "b", c', "split": "val"}
    assert len(lines) == N
    rows, codes = read_split_table(table, store)
    assert rows.tolist() == list(range(N))
    # Rows 4 and 5 are of one source and in different splits: only the row tells them apart.
    assert codes.tolist() == store.splits.tolist()
    assert take(split_table=str(table)).digest == store.digest


def test_another_split_replaces_the_old_and_leaves_out_what_it_does_not_name(
    take: Take, tmp_path: Path
) -> None:
    table = tmp_path / "mine.csv"
    words = ("Train", "validation", "TESTING")
    table.write_text("source_id;split\n" + "".join(f"g{row:02d};{words[row % 3]}\n" for row in range(10, 40)))
    part = take(split_table=str(table))
    assert rows_of(part) == list(range(10, 40))
    assert part.splits.tolist() == [row % 3 for row in range(10, 40)]
    assert part.provenance["split"] == "by mine.csv"


def test_the_filters_of_a_subset_see_the_new_split(take: Take, tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text(
        "row,split\n" + "".join(f"{row},{('train', 'val', 'test')[row % 3]}\n" for row in range(30))
    )
    assert rows_of(take(split_table=str(table), splits=("train", "val"))) == [
        r for r in range(30) if r % 3 < 2
    ]


def test_a_source_id_stands_for_all_its_rows(store: GalaxyStore, tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("source_id,split\ng04,val\ng00,train\n")
    rows, codes = read_split_table(table, store)
    assert (rows.tolist(), codes.tolist()) == ([0, 4, 5], [0, 1, 1])


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("source_id,split\ng00,train\nm31,val\nm33,val\n", "unknown_row", "2 of 3 values of source_id in"),
        ("row,split\n0,train\n60,val\n", "unknown_row", "first '60'"),
        (
            "source_id,split\ng00,train\ng00,val\n",
            "two_splits",
            "'g00' (row 0) into train and, in line 3, into val",
        ),
        ("source_id,split\ng00,train\ng01,holdout\n", "unknown_split", "'holdout'"),
        ("source_id,split\ng00,train\ng01,\n", "unknown_split", "''"),
        ("source_id,split\ng00,train\ng01,test\n", "empty_split", "into val"),
        ("name,part\ng00,train\n", "unknown_column", "has the columns name, part"),
        ("source_id,split\n", "empty_csv", "has no rows"),
        ("", "empty_csv", "has no rows"),
    ],
)
def test_a_table_that_does_not_fit_names_the_value(
    take: Take, tmp_path: Path, text: str, code: str, words: str
) -> None:
    table = tmp_path / "mine.csv"
    table.write_text(text)
    error = refused(take, tmp_path, split_table=str(table))
    assert (error.code, error.field) == (code, "split_table")
    assert words in error.detail
    assert "mine.csv" in error.detail


def test_a_table_that_is_not_there_or_no_text_is_refused(take: Take, tmp_path: Path) -> None:
    assert "nowhere.csv" in refused(take, tmp_path, split_table=str(tmp_path / "nowhere.csv")).detail
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00\x81")
    assert refused(take, tmp_path, split_table=str(binary)).code == "bad_csv"
