"""Parquet files with images, as Hugging Face writes them."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from backend.data.importers import inspect_source
from backend.data.importers.parquet.shards import Shard, at_most
from backend.data.importers.parquet.source import split_of_name
from backend.data.store import GalaxyStore, describe
from backend.files import EVERYWHERE
from tests.data.conftest import refused

Write = Callable[..., Path]
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def pixels(seed: int, side: int = 16, bands: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (side, side, bands), dtype=np.uint8)


def encoded(values: np.ndarray, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.fromarray(values.squeeze()).save(out, kind)
    return out.getvalue()


def as_struct(files: list[bytes | None]) -> pa.Array:
    return pa.array([{"bytes": file, "path": None} for file in files], IMAGE)


def write(path: Path, n: int = 40, *, first: int = 0, names: list[str] | None = None, **columns: Any) -> Path:
    """`n` pictures of seeds from `first`; `names` become a ClassLabel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    images = columns.pop("image", as_struct([encoded(pixels(first + row)) for row in range(n)]))
    table = pa.table({"image": images, **columns})
    if names is not None:
        features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": names}}
        metadata = {"huggingface": json.dumps({"info": {"features": features}})}
        table = table.replace_schema_metadata(metadata)
    parquet.write_table(table, path, row_group_size=7 if len(images) < 1000 else 1000)
    return path


def stored(path: Path) -> np.ndarray:
    with GalaxyStore.open(path) as store:
        return np.asarray(store.images(np.arange(store.n)))


def test_pixels_ids_positions_and_class_names_come_from_the_file(run_import: Write, tmp_path: Path) -> None:
    path = write(
        tmp_path / "set.parquet",
        label=pa.array([2, 0, 1, -1] * 10, pa.int64()),
        names=["spiral", "elliptical", "bar"],
        id_str=[f"J{row}" for row in range(40)],
        ra=np.linspace(1, 2, 40),
        dec=np.full(40, -3.5),
        redshift=pa.array([0.1, None] * 20),
    )
    with GalaxyStore.open(run_import(path)) as store:
        assert (store.images(np.arange(40)) == np.stack([pixels(row) for row in range(40)])).all()
        assert store.class_names == ["spiral", "elliptical", "bar"]
        assert store.labels[:4].tolist() == [2, 0, 1, -1]
        assert (store.source_ids[7], store.ra[39], store.dec[0]) == ("J7", 2, -3.5)
        assert np.isnan(store.redshift[1])
        assert store.provenance["kind"] == "parquet"


def test_shards_are_one_set_whose_split_is_told_by_their_names(run_import: Write, tmp_path: Path) -> None:
    data = tmp_path / "galaxies" / "data"
    for number in range(3):
        write(data / f"train-{number:05d}-of-00003.parquet", first=40 * number, label=np.arange(40) % 4)
    write(data / "validation-00000-of-00001.parquet", 20, first=200, label=np.arange(20) % 4)
    write(data / "test-00000-of-00001.parquet", 15, first=300, label=np.arange(15) % 4)
    path = run_import(tmp_path / "galaxies")
    described = describe(path, "x")
    assert described.split_counts == {"train": 120, "val": 20, "test": 15}
    assert described.class_names == ["0", "1", "2", "3"]
    seeds = [*range(300, 315), *range(120), *range(200, 220)]  # files in order of their names
    assert (stored(path) == np.stack([pixels(seed) for seed in seeds])).all()


def test_one_set_in_any_number_of_files_is_the_same_dataset(run_import: Write, tmp_path: Path) -> None:
    whole = write(tmp_path / "one" / "a.parquet", 60)
    for number, first in enumerate((0, 10, 37)):
        n = (10, 27, 23)[number]
        write(tmp_path / "many" / f"train-{number:05d}-of-00003.parquet", n, first=first)
    digests = {describe(run_import(p, name=p.name[:1]), "x").digest for p in (whole, tmp_path / "many")}
    assert len(digests) == 1


def test_without_validation_a_tenth_of_train_becomes_it(run_import: Write, tmp_path: Path) -> None:
    write(tmp_path / "s" / "data" / "train-00000-of-00001.parquet", 60)
    write(tmp_path / "s" / "data" / "test-00000-of-00001.parquet", 20, first=60)
    described = describe(run_import(tmp_path / "s"), "x")
    assert described.split_counts == {"train": 54, "val": 6, "test": 20}
    assert [line.field for line in described.receipt if line.kind == "assumed"][-1] == "split_column"


def test_a_missing_shard_is_named(run_import: Write, tmp_path: Path) -> None:
    for number in (0, 2):
        write(tmp_path / "s" / f"train-{number:05d}-of-00004.parquet", first=number * 40)
    lines = [line for line in describe(run_import(tmp_path / "s"), "x").receipt if line.kind == "skipped"]
    assert (2, "train-00001-of-00004.parquet") in [(line.count, line.first) for line in lines]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("data/train-00000-of-00005.parquet", "train"),
        ("validation/0000.parquet", "val"),
        ("default/test/0000.parquet", "test"),
        ("test_galaxies/train.parquet", "train"),
        ("contest-00000.parquet", None),
        ("latest.parquet", None),
    ],
)
def test_splits_of_names(name: str, split: str | None) -> None:
    assert split_of_name(name) == split


@pytest.mark.parametrize("column", [pa.binary(), pa.large_binary()])
def test_plain_bytes_are_images(run_import: Write, tmp_path: Path, column: pa.DataType) -> None:
    images = pa.array([encoded(pixels(row), "BMP") for row in range(40)], column)
    path = run_import(write(tmp_path / "a.parquet", image=images, other=pa.array([b"x"] * 40)))
    assert (stored(path) == np.stack([pixels(row) for row in range(40)])).all()


def test_images_may_be_nested_lists(run_import: Write, tmp_path: Path) -> None:
    images = pa.array([pixels(row).tolist() for row in range(40)], pa.list_(pa.list_(pa.list_(pa.uint8()))))
    path = run_import(write(tmp_path / "a.parquet", image=images))
    assert (stored(path) == np.stack([pixels(row) for row in range(40)])).all()


def test_every_column_that_is_not_used_is_counted(run_import: Write, tmp_path: Path) -> None:
    votes = {f"bar_{answer}_fraction": np.linspace(0, 1, 40) for answer in ("strong", "weak", "no")}
    path = write(tmp_path / "a.parquet", **votes, spectrum=pa.array([[1.0, 2.0]] * 40))
    skipped = [line for line in describe(run_import(path), "x").receipt if line.kind == "skipped"]
    assert [(line.count, line.first) for line in skipped] == [(3, "bar_strong_fraction"), (1, "spectrum")]
    preview = inspect_source({"path": str(path)}, EVERYWHERE)
    assert preview.columns == ["image", *votes]
    assert preview.roles["image_column"] == "image"


def test_images_of_several_sizes_are_resized_once_a_size_is_given(
    run_import: Write, tmp_path: Path, store_folder: Path
) -> None:
    files = [encoded(pixels(row, 16 if row != 33 else 24)) for row in range(40)]
    path = write(tmp_path / "a.parquet", image=as_struct(files))
    assert refused(run_import, path, store_folder).code == "mixed_sizes"
    expected = np.asarray(Image.fromarray(pixels(33, 24)).resize((16, 16), Image.Resampling.BILINEAR))
    assert (stored(run_import(path, img_size=16))[33] == expected).all()


def test_a_row_of_another_kind_far_from_those_looked_at_is_refused(
    run_import: Write, tmp_path: Path, store_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.data.importers.parquet.source.LOOKS", 1)
    deep = io.BytesIO()
    Image.fromarray(np.arange(256, dtype=np.uint16).reshape(16, 16)).save(deep, "PNG")
    for odd, code in ((encoded(pixels(0, 24)), "mixed_sizes"), (deep.getvalue(), "mixed_depth")):
        files = [encoded(pixels(row)) for row in range(200)]
        files[150] = odd
        path = write(tmp_path / "a.parquet", image=as_struct(files))
        assert refused(run_import, path, store_folder).code == code


def test_rows_without_an_image_are_left_out_and_named(run_import: Write, tmp_path: Path) -> None:
    files: list[bytes | None] = [encoded(pixels(row)) for row in range(40)]
    files[5], files[20] = None, b"\xff\xd8\xff rubbish"
    ids = [f"g{row}" for row in range(40)]
    described = describe(run_import(write(tmp_path / "a.parquet", image=as_struct(files), id=ids)), "x")
    assert (described.n, [row.source for row in described.skipped]) == (38, ["g5", "g20"])


def test_only_paths_and_no_bytes_is_one_sentence(
    run_import: Write, tmp_path: Path, store_folder: Path
) -> None:
    images = pa.array([{"bytes": None, "path": f"{row}.jpg"} for row in range(40)], IMAGE)
    error = refused(run_import, write(tmp_path / "a.parquet", image=images), store_folder)
    assert error.code == "unreadable_images"


def test_a_class_outside_the_names_is_refused(run_import: Write, tmp_path: Path, store_folder: Path) -> None:
    path = write(tmp_path / "a.parquet", label=np.arange(40) % 3, names=["a", "b"])
    error = refused(run_import, path, store_folder)
    assert (error.code, "2" in error.detail) == ("bad_label", True)


def test_shards_of_two_sets_are_refused(run_import: Write, tmp_path: Path, store_folder: Path) -> None:
    write(tmp_path / "s" / "a" / "train-00000-of-00001.parquet")
    write(tmp_path / "s" / "b" / "train-00000-of-00001.parquet", votes=np.arange(40))
    error = refused(run_import, tmp_path / "s", store_folder)
    assert (error.code, "votes" in error.detail) == ("mixed_shards", True)


def test_a_pointer_of_git_lfs_is_recognised(run_import: Write, tmp_path: Path, store_folder: Path) -> None:
    path = tmp_path / "train-00000-of-00001.parquet"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n")
    error = refused(run_import, path, store_folder)
    assert (error.code, "git lfs pull" in error.detail) == ("bad_parquet", True)


def test_a_cone_a_box_and_a_limit_choose_rows(run_import: Write, tmp_path: Path) -> None:
    ra, dec = np.arange(40) * 9.0, np.linspace(-40, 40, 40)
    path = write(tmp_path / "a.parquet", ra=ra, dec=dec, id=[str(1000 + row) for row in range(40)])
    inside = np.flatnonzero((dec >= -20) & (dec <= 20) & ((ra >= 300) | (ra <= 200)))
    with GalaxyStore.open(run_import(path, name="box", box="300,200,-20,20")) as store:
        assert store.source_ids == [str(1000 + row) for row in inside]
        assert (store.images(np.arange(store.n)) == np.stack([pixels(row) for row in inside])).all()
    with GalaxyStore.open(run_import(path, name="limit", limit=12)) as store:
        assert store.source_ids == [str(1000 + row) for row in range(12)]


def test_a_limit_takes_from_each_split_its_share() -> None:
    shards = [Shard(Path(), "a", (30, 30), "train"), Shard(Path(), "b", (40,), "test")]
    shards.append(Shard(Path(), "c", (100,), "train"))
    kept = at_most(shards, 30)
    assert [len(shard) for shard in kept] == [24, 6, 0]
    assert kept[0].rows().tolist() == list(range(24))
    assert at_most(shards, None) == shards


def test_a_region_without_rows_or_positions_is_one_sentence(
    run_import: Write, tmp_path: Path, store_folder: Path
) -> None:
    path = write(tmp_path / "a.parquet", ra=np.zeros(40), dec=np.zeros(40))
    error = refused(run_import, path, store_folder, cone="90,0,1")
    assert (error.code, error.field) == ("nothing_in_region", "cone")
    error = refused(run_import, write(tmp_path / "b.parquet"), store_folder, cone="90,0,1")
    assert (error.code, error.field) == ("no_positions", "ra_column")


def test_filters_of_rows_are_refused_where_they_do_nothing(
    run_import: Write, class_folders: Path, galaxy10_file: Write, store_folder: Path
) -> None:
    for source in (class_folders, galaxy10_file()):
        error = refused(run_import, source, store_folder, limit=20)
        assert (error.code, error.field) == ("no_filter", "limit")


def test_a_table_of_files_beside_thumbnails_stays_a_table(run_import: Write, class_folders: Path) -> None:
    names = [f"{folder}/{row:02d}.png" for folder in ("spiral", "smooth") for row in range(12)]
    path = write(class_folders / "t.parquet", 24, file=names)
    assert inspect_source({"path": str(path)}, EVERYWHERE).kind == "parquet"
    assert inspect_source({"path": str(path), "image_column": "file"}, EVERYWHERE).kind == "folder_table"


def test_galaxy10_in_its_parquet_form_is_known(run_import: Write, tmp_path: Path) -> None:
    """Its shared split of 15,962 and 1,774, each picture here being one of ten."""
    pictures = [encoded(np.full((256, 256, 3), 10 + seed, np.uint8), "JPEG") for seed in range(10)]
    for split, n in (("train", 15962), ("test", 1774)):
        files = as_struct([pictures[row % 10] for row in range(n)])
        label = pa.array(np.arange(n) % 10, pa.uint8())
        write(
            tmp_path / "galaxy10_decals" / "data" / f"{split}-00000-of-00001.parquet",
            image=files,
            label=label,
        )
    preview = inspect_source({"path": str(tmp_path / "galaxy10_decals"), "img_size": 8}, EVERYWHERE)
    assert preview.split_counts == {"train": 14362, "val": 1600, "test": 1774}
    assert list(preview.class_counts)[0] == "Disturbed"
    fields = [line.field for line in preview.receipt if line.kind == "assumed"]
    assert fields == ["split_column", "class_names"]


def test_a_table_besides_is_refused_and_not_ignored(
    run_import: Write, tmp_path: Path, store_folder: Path
) -> None:
    path = write(tmp_path / "galaxies.parquet")
    (tmp_path / "more.csv").write_text("id,mass\n1,2\n")
    error = refused(run_import, path, store_folder, labels=str(tmp_path / "more.csv"))
    assert (error.code, error.field) == ("labels_unused", "labels")
    problems = inspect_source({"path": str(path), "labels": str(tmp_path / "more.csv")}, EVERYWHERE).problems
    assert [problem.code for problem in problems] == ["labels_unused"]


def test_shards_that_name_classes_in_another_order_are_refused(
    run_import: Write, tmp_path: Path, store_folder: Path
) -> None:
    write(tmp_path / "set" / "train-00000-of-00002.parquet", names=["spiral", "smooth"])
    write(tmp_path / "set" / "train-00001-of-00002.parquet", first=40, names=["smooth", "spiral"])
    assert refused(run_import, tmp_path / "set", store_folder).code == "mixed_class_names"


def test_rows_of_one_source_stay_together_when_validation_is_taken_from_train(
    run_import: Write, tmp_path: Path
) -> None:
    ids = [f"g{row // 4}" for row in range(200)]
    write(tmp_path / "set" / "train.parquet", n=200, source=ids)
    write(tmp_path / "set" / "test.parquet", n=40, first=200, source=[f"t{row}" for row in range(40)])
    with GalaxyStore.open(run_import(tmp_path / "set", id_column="source")) as store:
        splits: dict[str, set[int]] = {source: set() for source in store.source_ids}
        for source, split in zip(store.source_ids, store.splits.tolist(), strict=True):
            splits[source].add(split)
        assert [source for source, found in splits.items() if len(found) > 1] == []
        assert len(set(store.splits.tolist())) == 3


def test_ra_in_hours_counts_for_the_cone_too(run_import: Write, tmp_path: Path) -> None:
    hours = [10 + row / 100 for row in range(40)]
    path = write(tmp_path / "hours.parquet", ra=hours, dec=[1.0] * 40)
    made = run_import(path, ra_unit="hour", cone="153,1,2.0")
    with GalaxyStore.open(made) as store:
        assert (np.abs(store.ra - 153) <= 2.01).all()
        assert 20 <= store.n < 40
