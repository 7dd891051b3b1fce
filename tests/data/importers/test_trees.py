"""Folders with links, and zips from strangers: read in place, and only what is theirs."""

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backend.data.importers import check_source, import_dataset
from backend.data.importers.trees import FolderTree, ZipTree
from backend.data.store import GalaxyStore, describe
from backend.errors import DataError, ForbiddenError
from backend.files import EVERYWHERE
from shared.configs import ImportConfig
from tests.data.conftest import refused, write_image

Write = Callable[..., Path]


def zipped(folder: Path, path: Path, top: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for member in sorted(folder.rglob("*")):
            if member.is_file():
                file.write(member, top + member.relative_to(folder).as_posix())
    return path


@pytest.mark.parametrize("top", ["", "galaxies/", "a/b/"])
def test_a_zip_is_the_dataset_of_its_folder(
    run_import: Write, class_folders: Path, tmp_path: Path, top: str
) -> None:
    path = zipped(class_folders, tmp_path / "g.zip", top)
    (tmp_path / "before").mkdir()
    before = set(tmp_path.rglob("*"))
    from_zip = run_import(path, name="zip")
    assert {p.name for p in set(tmp_path.rglob("*")) - before} == {"zip.h5"}
    assert describe(from_zip, "x").digest == describe(run_import(class_folders, name="dir"), "x").digest
    with GalaxyStore.open(from_zip) as store:
        assert store.source_ids[0] == "smooth/00.png"


def test_a_table_within_a_zip_is_used(run_import: Write, class_folders: Path, tmp_path: Path) -> None:
    rows = "".join(f"{i:02d},{'ab'[i % 2]}\n" for i in range(12))
    (class_folders / "catalogue.csv").write_text("file,label\n" + rows)
    for name in ("smooth",):
        for image in (class_folders / name).iterdir():
            image.unlink()
    described = describe(run_import(zipped(class_folders, tmp_path / "g.zip")), "x")
    assert described.class_counts == {"a": 6, "b": 6}
    assert described.provenance["labels"] == "catalogue.csv"


def test_one_of_several_tables_within_a_zip_is_chosen_by_its_path(
    run_import: Write, class_folders: Path, tmp_path: Path
) -> None:
    (class_folders / "tables").mkdir()
    for name, classes in (("one", "ab"), ("two", "xyz")):
        rows = "".join(f"smooth/{i:02d}.png,{classes[i % len(classes)]}\n" for i in range(12))
        (class_folders / "tables" / f"{name}.csv").write_text("file,label\n" + rows)
    path = zipped(class_folders, tmp_path / "g.zip")
    described = describe(run_import(path, labels=str(tmp_path / "tables" / "two.csv")), "x")
    assert described.class_counts == {"x": 4, "y": 4, "z": 4}


@pytest.mark.parametrize("name", ["../up.png", "/etc/up.png", "a/../../up.png", "..\\up.png", "C:\\up.png"])
def test_a_zip_that_climbs_out_is_refused_with_the_member(
    run_import: Write, class_folders: Path, tmp_path: Path, store_folder: Path, name: str
) -> None:
    path = zipped(class_folders, tmp_path / "g.zip")
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(name, b"x")
    error = refused(run_import, path, store_folder)
    assert error.code == "zip_climbs_out"
    assert "up.png" in error.detail
    assert "; " in error.detail


def test_a_symbolic_link_in_a_zip_is_refused(
    run_import: Write, class_folders: Path, tmp_path: Path, store_folder: Path
) -> None:
    path = zipped(class_folders, tmp_path / "g.zip")
    link = zipfile.ZipInfo("spiral/link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(link, "/etc/passwd")
    error = refused(run_import, path, store_folder)
    assert (error.code, "spiral/link.png" in error.detail) == ("zip_symlink", True)


def flagged(path: Path, offset_in_central: int, value: bytes) -> None:
    """Overwrite a field of the first central directory record."""
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02") + offset_in_central
    data[at : at + len(value)] = value
    path.write_bytes(data)


def test_an_encrypted_member_is_refused(
    run_import: Write, class_folders: Path, tmp_path: Path, store_folder: Path
) -> None:
    path = zipped(class_folders, tmp_path / "g.zip")
    flagged(path, 8, b"\x01\x00")
    assert refused(run_import, path, store_folder).code == "zip_encrypted"


def test_a_member_that_declares_a_gigabyte_is_refused_unread(
    run_import: Write, class_folders: Path, tmp_path: Path, store_folder: Path
) -> None:
    path = zipped(class_folders, tmp_path / "g.zip")
    flagged(path, 24, (10**9).to_bytes(4, "little"))
    error = refused(run_import, path, store_folder)
    assert error.code == "zip_member_too_large"
    assert "1,000,000,000 bytes" in error.detail


def test_a_zip_that_unpacks_to_more_than_twenty_gigabytes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.data.importers.trees.MAX_ZIP_BYTES", 10**5)
    with zipfile.ZipFile(tmp_path / "g.zip", "w", zipfile.ZIP_DEFLATED) as file:
        for index in range(3):
            file.writestr(f"{index}.png", bytes(50_000))
    with pytest.raises(DataError) as caught:
        ZipTree(tmp_path / "g.zip")
    assert caught.value.code == "zip_too_large"


def test_an_hdf5_file_within_a_zip_is_to_be_given_alone(
    run_import: Write, galaxy10_file: Write, tmp_path: Path, store_folder: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "g.zip", "w") as file:
        file.write(galaxy10_file(), "data/galaxies.h5")
    error = refused(run_import, tmp_path / "g.zip", store_folder)
    assert error.code == "array_inside"
    assert "galaxies.h5" in error.detail
    assert "alone" in error.detail


def test_a_damaged_member_is_skipped_and_named(
    run_import: Write, class_folders: Path, tmp_path: Path
) -> None:
    path = zipped(class_folders, tmp_path / "g.zip")
    with zipfile.ZipFile(path) as file:
        info = file.getinfo("spiral/07.png")
    data = bytearray(path.read_bytes())
    data[info.header_offset + 200 : info.header_offset + 240] = bytes(40)
    path.write_bytes(data)
    described = describe(run_import(path), "x")
    assert [entry.source for entry in described.skipped] == ["spiral/07.png"]
    assert "damaged in the zip" in described.skipped[0].reason


def test_rubbish_named_zip_is_refused(run_import: Write, tmp_path: Path, store_folder: Path) -> None:
    (tmp_path / "g.zip").write_bytes(b"PK\x03\x04 no zip")
    assert refused(run_import, tmp_path / "g.zip", store_folder).code == "damaged"


# Links in folders


def test_a_link_out_of_the_roots_is_refused_and_one_within_is_followed(
    class_folders: Path, tmp_path: Path, store_folder: Path
) -> None:
    write_image(tmp_path / "elsewhere" / "secret.png")
    (class_folders / "spiral" / "inside.png").symlink_to(class_folders / "smooth" / "00.png")
    config = ImportConfig(path=str(class_folders), name="d")
    assert check_source(config, (class_folders,))["n"] == 25
    (class_folders / "spiral" / "link.png").symlink_to(tmp_path / "elsewhere" / "secret.png")
    with pytest.raises(ForbiddenError) as caught:
        import_dataset(config, store_folder, "t", lambda *_: None, lambda: False, (class_folders,))
    assert caught.value.code == "outside_data_roots"
    assert "link.png is a link to" in caught.value.detail
    assert "GALAXYSCOPE_DATA_ROOTS" in caught.value.detail
    assert list(store_folder.iterdir()) == []
    assert check_source(config, roots=EVERYWHERE)["n"] == 26


def test_a_linked_folder_out_of_the_roots_is_refused(class_folders: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "elsewhere" / "secret.png")
    (class_folders / "third").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ForbiddenError, match="third is a link"):
        FolderTree(class_folders, (class_folders,))


def test_a_path_or_table_out_of_the_roots_is_refused(class_folders: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,label\n")
    for config in (
        ImportConfig(path=str(class_folders), name="d"),
        ImportConfig(path=str(class_folders / "spiral"), labels=str(tmp_path / "labels.csv"), name="d"),
    ):
        with pytest.raises(ForbiddenError):
            check_source(config, (class_folders / "spiral",))


def test_a_link_to_a_folder_above_is_no_endless_folder(class_folders: Path) -> None:
    (class_folders / "spiral" / "loop").symlink_to(class_folders)
    assert len(FolderTree(class_folders, EVERYWHERE).files) == 24


def test_files_deeper_than_five_folders_are_named_and_hidden_ones_not_listed(tmp_path: Path) -> None:
    for name in ("a/b/c/d/e/seen.png", "a/b/c/d/e/f/deep.png", ".hidden/x.png", "a/.x.png"):
        write_image(tmp_path / "t" / name)
    write_image(tmp_path / "t" / "top.png")
    tree = FolderTree(tmp_path / "t", EVERYWHERE)
    assert (tree.files, tree.deeper) == (["a/b/c/d/e/seen.png", "top.png"], ["a/b/c/d/e/f"])
    packed = ZipTree(zipped(tmp_path / "t", tmp_path / "t.zip"))
    assert (packed.files, packed.deeper) == (["a/b/c/d/e/seen.png", "top.png"], ["a/b/c/d/e/f/deep.png"])
    packed.close()


def test_a_zip_picture_has_the_pixels_of_the_file(class_folders: Path, tmp_path: Path) -> None:
    tree = ZipTree(zipped(class_folders, tmp_path / "g.zip"))
    with tree.open("spiral/03.png") as stream:
        pixels = np.asarray(Image.open(stream))
    assert (pixels == np.asarray(Image.open(class_folders / "spiral" / "03.png"))).all()
    tree.close()


def test_pictures_beside_class_folders_are_strays(
    run_import: Write, class_folders: Path, tmp_path: Path
) -> None:
    plain = describe(run_import(class_folders, name="plain"), "x")
    for index in range(3):
        write_image(class_folders / f"overview_{index}.png", (200, 90), seed=500 + index)
    for name, path in (("folder", class_folders), ("zip", zipped(class_folders, tmp_path / "g.zip"))):
        described = describe(run_import(path, name=name), "x")
        assert described.digest == plain.digest
        (left_out,) = [line for line in described.receipt if line.kind == "skipped"]
        assert (left_out.count, left_out.first) == (3, "overview_0.png")


def test_many_images_beside_folders_are_the_dataset(run_import: Write, class_folders: Path) -> None:
    for index in range(20):
        write_image(class_folders / f"{index:02d}.png", seed=500 + index)
    described = describe(run_import(class_folders), "x")
    assert (described.n, described.class_names) == (20, [])
    assert [line.count for line in described.receipt if line.kind == "skipped"] == [24]


@pytest.mark.parametrize("stray", [False, True])
def test_class_folders_two_levels_down_are_found(
    run_import: Write, class_folders: Path, tmp_path: Path, stray: bool
) -> None:
    deep = tmp_path / "deep" / "set" / "images"
    deep.parent.mkdir(parents=True)
    class_folders.rename(deep)
    if stray:
        write_image(tmp_path / "deep" / "overview.png", seed=900)
        write_image(deep / "overview.png", seed=901)
    folder = run_import(tmp_path / "deep", name="folder")
    assert describe(folder, "x").class_counts == {"smooth": 12, "spiral": 12}
    from_zip = run_import(zipped(tmp_path / "deep", tmp_path / "g.zip"), name="zip")
    assert describe(from_zip, "x").digest == describe(folder, "x").digest
    skipped = [line.count for line in describe(folder, "x").receipt if line.kind == "skipped"]
    assert skipped == ([2] if stray else [])


def test_one_folder_of_images_two_levels_down_is_not_a_class(
    run_import: Write, class_folders: Path, tmp_path: Path, store_folder: Path
) -> None:
    (tmp_path / "deep" / "set").mkdir(parents=True)
    (class_folders / "spiral").rename(tmp_path / "deep" / "set" / "spiral")
    assert refused(run_import, tmp_path / "deep", store_folder).code == "one_class"


def test_files_that_are_not_used_are_named(run_import: Write, class_folders: Path) -> None:
    for name in ("notes.gif", "extra.h5", "readme.txt"):
        (class_folders / name).write_text("x")
    lines = describe(run_import(class_folders), "mine").receipt
    [line] = [line for line in lines if "neither" in line.text]
    assert (line.kind, line.count, line.first) == ("skipped", 3, "extra.h5")


def test_a_picture_beside_the_class_folders_of_a_split_is_a_stray(run_import: Write, tmp_path: Path) -> None:
    for seed in range(24):
        split, name = ("train", "val")[seed % 2], "ab"[seed // 2 % 2]
        write_image(tmp_path / "t" / split / name / f"{seed}.png", seed=seed)
    write_image(tmp_path / "t" / "train" / "montage.png", seed=99)
    made = describe(run_import(tmp_path / "t"), "mine")
    assert (made.n, made.unlabelled) == (24, 0)
    assert [line.first for line in made.receipt if line.kind == "skipped"] == ["train/montage.png"]
