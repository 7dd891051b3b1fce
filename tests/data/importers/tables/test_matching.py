"""Rows of a table and images of a folder: accents, paths of another machine, one without the other."""

from collections.abc import Callable
from pathlib import Path
from unicodedata import normalize

import pytest

from backend.data.importers import inspect_source
from backend.data.store import GalaxyStore
from backend.files import EVERYWHERE
from tests.data.conftest import refused, write_image
from tests.data.importers.tables.conftest import N

Write = Callable[..., Path]


@pytest.mark.parametrize(("on_disk", "in_table"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_accents_match_however_they_are_composed(
    run_import: Write, tmp_path: Path, on_disk: str, in_table: str
) -> None:
    names = [f"Galáxia é {i}.png" for i in range(12)]
    for seed, name in enumerate(names):
        write_image(tmp_path / "t" / normalize(on_disk, name), seed=seed)
    lines = [f"{normalize(in_table, name)},{i % 2}" for i, name in enumerate(names)]
    (tmp_path / "t" / "c.csv").write_text("\n".join(["file,label", *lines]))
    with GalaxyStore.open(run_import(tmp_path / "t")) as store:
        assert store.labels.tolist() == [i % 2 for i in range(12)]


@pytest.mark.parametrize(
    "prefix", ["/home/ana/thesis/img/", "C:\\data\\gz\\", "D:/img/", "file:///scratch/", "https://x.org/a/"]
)
def test_absolute_paths_of_another_machine_match_by_name_and_are_told(
    run_import: Write, pictures: Path, prefix: str
) -> None:
    (pictures / "c.csv").write_text("file,label\n" + "".join(f"{prefix}{i}.png,{i % 2}\n" for i in range(N)))
    with GalaxyStore.open(run_import(pictures)) as store:
        assert store.labels.tolist() == [i % 2 for i in range(N)]
    receipt = inspect_source({"path": str(pictures)}, roots=EVERYWHERE).receipt
    assert "image_column" in [line.field for line in receipt if line.kind == "assumed"]


def test_a_name_that_two_folders_have_needs_its_folder(run_import: Write, tmp_path: Path) -> None:
    for index in range(12):
        for folder in ("a", "b"):
            write_image(tmp_path / "t" / folder / f"{index}.png", seed=index + 50 * (folder == "b"))
    table = tmp_path / "t" / "c.csv"
    table.write_text("file,label\n" + "".join(f"/old/{'ab'[i % 2]}/{i}.png,{i % 2}\n" for i in range(12)))
    with GalaxyStore.open(run_import(tmp_path / "t")) as store:
        assert store.source_ids[1] == "/old/b/1.png"
    table.write_text("file,label\n" + "".join(f"/old/c/{i}.png,{i % 2}\n" for i in range(12)))
    problems = inspect_source({"path": str(tmp_path / "t")}, roots=EVERYWHERE).problems
    assert problems[0].code == "missing_files"


def test_rows_without_images_and_images_without_rows_are_counted_together(
    run_import: Write, pictures: Path, store_folder: Path
) -> None:
    (pictures / "c.csv").write_text("file\n" + "".join(f"img/{i + 3}.png\n" for i in range(N)))
    error = refused(run_import, pictures, store_folder)
    assert error.code == "missing_files"
    for words in ("3 of 48 files", "'img/48.png'", "3 images", "'img/0.png'"):
        assert words in error.detail


def test_two_rows_of_an_image_are_refused_with_their_numbers(
    run_import: Write, pictures: Path, store_folder: Path
) -> None:
    (pictures / "c.csv").write_text("file\n" + "".join(f"img/{max(i, 2)}.png\n" for i in range(N)))
    error = refused(run_import, pictures, store_folder)
    assert (error.code, error.field) == ("repeated_image", "labels")
    for words in ("2 rows", "'img/2.png'", "rows 1 and 2"):
        assert words in error.detail


def test_file_names_in_a_column_of_floats_are_whole_numbers(run_import: Write, pictures: Path) -> None:
    (pictures / "c.csv").write_text("image_id,label\n" + "".join(f"{i}.0,{i % 2}\n" for i in range(N)))
    with GalaxyStore.open(run_import(pictures)) as store:
        assert store.labels.tolist() == [i % 2 for i in range(N)]
