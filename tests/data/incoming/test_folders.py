"""Class folders and folders with a CSV; and every bad input there."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backend.data.importers import check_source, inspect_source
from backend.data.store import GalaxyStore, describe
from backend.files import EVERYWHERE
from shared.base.vocabulary import SPLIT_CODES, Split
from shared.configs import ImportConfig
from tests.data.conftest import receipt_of, refused, write_image

Write = Callable[..., Path]


def test_class_folders_become_classes(run_import: Write, class_folders: Path) -> None:
    assert check_source(ImportConfig(path=str(class_folders), name="d"), roots=EVERYWHERE) == {
        "kind": "class_folders",
        "n": 24,
        "img_size": 24,
        "class_names": ["smooth", "spiral"],
    }
    with GalaxyStore.open(run_import(class_folders)) as store:
        row = store.source_ids.index("spiral/03.png")
        assert store.class_names[store.labels[row]] == "spiral"
        expected = np.asarray(Image.open(class_folders / "spiral" / "03.png"))
        assert (store.images(np.array([row]))[0] == expected).all()


def test_a_flat_folder_is_a_dataset_without_labels(run_import: Write, tmp_path: Path) -> None:
    for index in range(12):
        write_image(tmp_path / "flat" / f"{index}.jpg", seed=index)
    described = describe(run_import(tmp_path / "flat"), "d")
    assert (described.n, described.unlabelled, described.class_names) == (12, 12, [])


def test_folders_named_train_and_val_are_the_split_and_those_within_the_classes(
    run_import: Write, tmp_path: Path
) -> None:
    for index in range(24):
        split = ("train", "train", "validation", "test")[index % 4]
        write_image(tmp_path / "d" / split / "ab"[index % 3 % 2] / f"{index}.png", seed=index)
    with GalaxyStore.open(run_import(tmp_path / "d")) as store:
        for row, source in enumerate(store.source_ids):
            split, label, _ = source.split("/")
            assert store.splits[row] == ["train", "validation", "test"].index(split)
            assert store.class_names[store.labels[row]] == label
    again = describe(run_import(tmp_path / "d", name="new", split_column="-"), "x")
    assert again.split_counts != {"train": 12, "val": 6, "test": 6}


def test_a_published_test_split_is_never_trained_on(run_import: Write, tmp_path: Path) -> None:
    for index in range(40):
        folder = tmp_path / "d" / ("test" if index % 4 == 0 else "train") / "ab"[index % 2]
        write_image(folder / f"{index}.png", seed=index)
    preview = inspect_source({"path": str(tmp_path / "d")}, roots=EVERYWHERE)
    assert len(receipt_of(preview)) == 1
    assert "a tenth of train" in receipt_of(preview)[0]
    with GalaxyStore.open(run_import(tmp_path / "d")) as store:
        test = {row for row, source in enumerate(store.source_ids) if source.startswith("test/")}
        assert set(np.flatnonzero(store.splits == SPLIT_CODES[Split.TEST])) == test
        val = np.flatnonzero(store.splits == SPLIT_CODES[Split.VAL])
        assert len(val) == preview.split_counts["val"] == 3
        assert set(store.labels[val]) == {0, 1}


def test_all_grey_images_make_one_band_and_a_mix_makes_three(run_import: Write, tmp_path: Path) -> None:
    for index in range(12):
        write_image(tmp_path / "grey" / f"{index}.png", mode="L", seed=index)
    assert describe(run_import(tmp_path / "grey", name="grey"), "x").bands == ["grey"]
    write_image(tmp_path / "grey" / "colour.png")
    assert len(describe(run_import(tmp_path / "grey", name="mix"), "x").bands) == 3


def test_alpha_is_dropped_and_cmyk_converted(run_import: Write, tmp_path: Path) -> None:
    for index in range(10):
        write_image(tmp_path / "odd" / f"{index}.png", seed=index)
    write_image(tmp_path / "odd" / "alpha.png", mode="RGBA")
    write_image(tmp_path / "odd" / "print.jpg", mode="CMYK")
    with GalaxyStore.open(run_import(tmp_path / "odd")) as store:
        alpha = store.images(np.array([store.source_ids.index("alpha.png")]))[0]
        assert (alpha == np.asarray(Image.open(tmp_path / "odd" / "alpha.png"))[..., :3]).all()
        assert store.n == 12


def test_pictures_of_sixteen_bits_among_those_of_eight_are_refused_with_both_names(
    run_import: Write, tmp_path: Path, store_folder: Path
) -> None:
    for index in range(12):
        write_image(tmp_path / "deep" / f"{index}.png", seed=index)
    Image.fromarray(np.zeros((24, 24), np.uint16)).save(tmp_path / "deep" / "a16.png")
    error = refused(run_import, tmp_path / "deep", store_folder)
    assert error.code == "mixed_depth"
    assert all(word in error.detail for word in ("0.png", "a16.png", "uint16"))


def test_mixed_sizes_are_refused_with_file_and_sizes_and_cropped_when_a_size_is_given(
    run_import: Write, class_folders: Path, store_folder: Path
) -> None:
    write_image(class_folders / "spiral" / "wide.png", (40, 30))
    error = refused(run_import, class_folders, store_folder)
    assert "spiral/wide.png is 40 × 30 pixels while smooth/00.png is 24 × 24" in error.detail
    assert error.field == "img_size"
    assert describe(run_import(class_folders, img_size=20), "x").img_size == 20


def test_the_central_square_is_what_is_kept(run_import: Write, tmp_path: Path) -> None:
    pixels = np.zeros((20, 60, 3), np.uint8)
    pixels[:, 20:40] = 200
    pixels[0, 20] = 100
    for index in range(10):
        write_image(tmp_path / "wide" / f"{index}.png", (60, 20), seed=index)
    Image.fromarray(pixels).save(tmp_path / "wide" / "a.png")
    with GalaxyStore.open(run_import(tmp_path / "wide", img_size=20)) as store:
        assert (store.images(np.array([store.source_ids.index("a.png")]))[0] == pixels[:, 20:40]).all()


def test_one_unreadable_image_is_skipped_and_reported(run_import: Write, class_folders: Path) -> None:
    (class_folders / "spiral" / "broken.png").write_bytes(b"no picture")
    whole = (class_folders / "smooth" / "00.png").read_bytes()
    (class_folders / "smooth" / "half.png").write_bytes(whole[: len(whole) // 2])
    described = describe(run_import(class_folders), "x")
    assert (described.n, described.skipped_count) == (24, 2)
    assert {entry.source for entry in described.skipped} == {"spiral/broken.png", "smooth/half.png"}


def test_over_a_tenth_unreadable_is_refused(
    run_import: Write, class_folders: Path, store_folder: Path
) -> None:
    for index in range(4):
        (class_folders / "spiral" / f"broken{index}.png").write_bytes(b"no picture")
    error = refused(run_import, class_folders, store_folder)
    assert "4 of 28 images cannot be used, first 'spiral/broken0.png'" in error.detail


def test_a_picture_of_too_many_pixels_is_skipped_undecoded(
    run_import: Write, class_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    write_image(class_folders / "spiral" / "bomb.png", (40, 40))
    described = describe(run_import(class_folders), "x")
    assert described.skipped[0].source == "spiral/bomb.png"
    assert "too many" in described.skipped[0].reason


def test_an_empty_folder_and_a_single_class_are_refused(
    run_import: Write, tmp_path: Path, store_folder: Path
) -> None:
    (tmp_path / "empty").mkdir()
    assert refused(run_import, tmp_path / "empty", store_folder).code == "no_images"
    write_image(tmp_path / "one" / "only" / "a.png")
    assert "'only'" in refused(run_import, tmp_path / "one", store_folder).detail


# Folder with CSV


def table(folder: Path, text: str, n: int = 12) -> Path:
    for index in range(n):
        write_image(folder / "img" / f"{index}.png", seed=index)
    (folder / "labels.csv").write_text(text)
    return folder


ROWS = "".join(f"img/{i}.png,{'' if i == 3 else i % 2},{i},-5\n" for i in range(12))


def test_a_csv_gives_labels_sky_and_blanks_without_label(run_import: Write, tmp_path: Path) -> None:
    folder = table(tmp_path / "t", "file,label,RA,dec\n" + ROWS)
    with GalaxyStore.open(run_import(folder)) as store:
        assert store.class_names == ["0", "1"]
        assert store.labels[:5].tolist() == [0, 1, 0, -1, 0]
        assert store.ra[11] == 11
        assert store.source_ids[2] == "img/2.png"


def test_numeric_classes_are_ordered_as_numbers(run_import: Write, tmp_path: Path) -> None:
    rows = "".join(f"img/{i}.png,{(10, 9, -1)[i % 3]}\n" for i in range(12))
    assert describe(
        run_import(table(tmp_path / "t", "file,T\n" + rows), **columns(tmp_path)), "x"
    ).class_names == [
        "-1",
        "9",
        "10",
    ]


def columns(tmp_path: Path) -> dict[str, str]:
    return {"labels": str(tmp_path / "t" / "labels.csv"), "image_column": "file", "label_column": "T"}


def test_suffixes_may_be_left_out_and_semicolons_are_understood(run_import: Write, tmp_path: Path) -> None:
    rows = "".join(f"img/{i};{'ab'[i % 2]}\n" for i in range(12))
    assert describe(run_import(table(tmp_path / "t", "file;class\n" + rows)), "x").class_counts == {
        "a": 6,
        "b": 6,
    }


def test_a_wrong_column_lists_those_there_are(run_import: Write, tmp_path: Path, store_folder: Path) -> None:
    folder = table(tmp_path / "t", "file,T,RA,dec\n" + ROWS)
    config = {"labels": str(folder / "labels.csv"), "label_column": "shape"}
    error = refused(run_import, folder, store_folder, **config)
    assert "no column 'shape'; set label_column to one of: file, T, RA, dec" in error.detail
    assert error.field == "label_column"


def test_missing_files_are_counted_and_the_first_is_named(
    run_import: Write, tmp_path: Path, store_folder: Path
) -> None:
    folder = table(tmp_path / "t", "file,label,RA,dec\n" + ROWS, n=9)
    error = refused(run_import, folder, store_folder)
    assert error.code == "missing_files"
    assert "3 of 12 files" in error.detail
    assert "first 'img/9.png'" in error.detail


def test_a_csv_cannot_reach_outside_its_folder(run_import: Write, tmp_path: Path, store_folder: Path) -> None:
    write_image(tmp_path / "outside.png")
    folder = table(tmp_path / "t", "file,label\n../outside.png,1\n")
    assert refused(run_import, folder, store_folder).code == "missing_files"


def test_a_csv_that_is_not_there_is_named(run_import: Write, class_folders: Path, store_folder: Path) -> None:
    error = refused(run_import, class_folders, store_folder, labels="nowhere.csv")
    assert "nowhere.csv" in error.detail
    assert error.field == "labels"


def test_an_empty_or_binary_csv_is_refused(run_import: Write, tmp_path: Path, store_folder: Path) -> None:
    folder = table(tmp_path / "t", "file,label\n")
    assert refused(run_import, folder, store_folder).code == "empty_csv"
    (folder / "labels.csv").write_bytes(b"\xff\xfe\x00\x81")
    assert refused(run_import, folder, store_folder).code == "bad_csv"


def test_a_column_of_names_is_no_column_of_classes(
    run_import: Write, tmp_path: Path, store_folder: Path
) -> None:
    rows = "".join(f"img/0.png,name {i}\n" for i in range(300))
    folder = table(tmp_path / "t", "file,label\n" + rows)
    assert "300 different values" in refused(run_import, folder, store_folder).detail


def test_efigi_is_imported_by_its_table_alone(run_import: Write, real_galaxies: Path) -> None:
    folder = real_galaxies / "efigi"
    path = run_import(folder)
    described = describe(path, "x")
    assert (described.n, described.img_size, described.skipped_count) == (4458, 88, 0)
    assert len(described.class_names) == 8
    assert described.split_counts["val"] == pytest.approx(446, abs=4)
    with GalaxyStore.open(path) as store:
        row = store.source_ids.index("PGC0000212")
        expected = np.asarray(Image.open(folder / "images" / "PGC0000212.jpg"))
        assert (store.images(np.array([row]))[0] == expected).all()
        assert store.class_names[store.labels[row]] == "S0a_Sa_Sab"
