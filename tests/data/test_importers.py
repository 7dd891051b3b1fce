"""Importers: Galaxy10-layout files, class folders, folders with a CSV; and every bad input there."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from backend.data.importers import ImportStopped, check_source, import_dataset
from backend.data.store import GalaxyStore, describe
from backend.errors import DataError
from shared.configs import ImportConfig
from tests.data.conftest import write_image

Write = Callable[..., Path]


def refused(run: Write, path: Path, folder: Path, **config: Any) -> DataError:
    """The one-sentence error of an import, which must leave the store empty."""
    with pytest.raises(DataError) as caught:
        run(path, **config)
    assert list(folder.iterdir()) == []
    assert caught.value.detail.endswith(".")
    assert "\n" not in caught.value.detail
    return caught.value


# Galaxy10 layout


def test_a_galaxy10_file_keeps_pixels_labels_and_the_official_names(
    run_import: Write, galaxy10_file: Write
) -> None:
    source = galaxy10_file(ra=np.linspace(0, 300, 40), dec=np.full(40, np.nan), pxscale=np.full(40, 0.262))
    with GalaxyStore.open(run_import(source)) as store, h5py.File(source) as file:
        assert (store.images(np.arange(40)) == file["images"][:]).all()
        assert store.labels.tolist() == (np.arange(40) % 10).tolist()
        assert store.class_names[0] == "Disturbed"
        assert store.class_names[9] == "Edge-on with Bulge"
        assert store.ra[39] == 300
        assert np.isnan(store.redshift).all()
        assert store.bands == ["red", "green", "blue"]


def test_resizing_changes_the_pixel_scale_with_the_size(run_import: Write, galaxy10_file: Write) -> None:
    path = run_import(galaxy10_file(pxscale=np.full(40, 0.25)), img_size=16)
    with GalaxyStore.open(path) as store:
        assert store.img_size == 16
        assert store.pxscale[0] == 0.5


def test_the_old_69_pixel_galaxy10_has_its_own_classes(run_import: Write, galaxy10_file: Write) -> None:
    assert describe(run_import(galaxy10_file(side=69)), "x").class_names[1] == "Smooth, Completely Round"


def test_names_in_the_file_replace_the_official_ones(run_import: Write, galaxy10_file: Write) -> None:
    source = galaxy10_file(ans=np.arange(40) % 12)
    with h5py.File(source, "r+") as file:
        file.attrs["class_names"] = [f"class {i}" for i in range(12)]
    assert describe(run_import(source), "x").class_names[11] == "class 11"


def test_a_dataset_of_the_store_comes_back_with_its_digest(run_import: Write, class_folders: Path) -> None:
    first = run_import(class_folders, name="first", split_seed=5)
    again = run_import(first, name="again")
    assert describe(again, "x").digest == describe(first, "x").digest
    assert describe(again, "x").class_names == ["smooth", "spiral"]
    with GalaxyStore.open(first) as one, GalaxyStore.open(again) as two:
        assert one.source_ids == two.source_ids


def test_grey_images_without_a_band_axis_become_one_band(run_import: Write, galaxy10_file: Write) -> None:
    path = run_import(galaxy10_file(images=np.ones((40, 32, 32), np.uint8)))
    assert describe(path, "x").bands == ["grey"]


def test_a_compressed_file_of_60_mb_is_streamed_in_bounded_memory(
    run_import: Write, galaxy10_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.data.importers.galaxy10.BLOCK_BYTES", 4 * 2**20)
    source = galaxy10_file(ans=(np.arange(300) % 10).astype(np.uint8))
    with h5py.File(source, "r+") as file:
        del file["images"]
        images = file.create_dataset(
            "images", (300, 256, 256, 3), np.uint8, chunks=(4, 64, 64, 3), compression=1
        )
        for start in range(0, 300, 50):
            images[start : start + 50] = np.arange(start, start + 50, dtype=np.uint8)[:, None, None, None]
    tracemalloc.start()
    path = run_import(source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50 * 2**20 < 300 * 256 * 256 * 3
    with GalaxyStore.open(path) as store:
        assert store.images(np.array([299]))[0, 0, 0, 0] == 299 - 256


def test_chunks_longer_than_a_block_are_read_right(
    run_import: Write, galaxy10_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.data.importers.galaxy10.BLOCK_BYTES", 7 * 32 * 32 * 3)
    source = galaxy10_file()
    with h5py.File(source, "r+") as file:
        values = file["images"][:]
        del file["images"]
        file.create_dataset("images", data=values, chunks=(40, 8, 8, 1), compression="gzip")
    with GalaxyStore.open(run_import(source)) as store:
        assert (store.images(np.arange(40)) == values).all()


def test_damage_inside_compressed_chunks_is_one_sentence(
    run_import: Write, galaxy10_file: Write, store_folder: Path
) -> None:
    source = galaxy10_file()
    with h5py.File(source, "r+") as file:
        values = file["images"][:]
        del file["images"]
        images = file.create_dataset("images", data=values, chunks=(10, 32, 32, 3), compression="gzip")
        chunk = images.id.get_chunk_info(2)
    with source.open("r+b") as raw:
        raw.seek(chunk.byte_offset)
        raw.write(b"\0" * 500)
    assert refused(run_import, source, store_folder).code == "damaged"


# Stopping, repeating, naming


def test_a_stopped_import_leaves_nothing(galaxy10_file: Write, store_folder: Path) -> None:
    config = ImportConfig(path=str(galaxy10_file()), name="d")
    with pytest.raises(ImportStopped):
        import_dataset(config, store_folder, "t", lambda *_: None, lambda: True)
    assert list(store_folder.iterdir()) == []


def test_an_error_in_the_caller_leaves_nothing(class_folders: Path, store_folder: Path) -> None:
    def interrupt(done: int, total: int, message: str) -> None:
        if "Making" in message:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_dataset(
            ImportConfig(path=str(class_folders), name="d"), store_folder, "t", interrupt, lambda: False
        )
    assert list(store_folder.iterdir()) == []


def test_an_import_killed_after_its_rename_is_found_finished(run_import: Write, galaxy10_file: Write) -> None:
    source = galaxy10_file()
    first = run_import(source)
    source.unlink()
    assert run_import(source) == first


def test_another_import_under_the_same_name_is_refused(galaxy10_file: Write, store_folder: Path) -> None:
    config = ImportConfig(path=str(galaxy10_file()), name="d")
    import_dataset(config, store_folder, "one", lambda *_: None, lambda: False)
    with pytest.raises(DataError, match="'d' exists already"):
        import_dataset(config, store_folder, "two", lambda *_: None, lambda: False)


def test_progress_rises_to_the_total(class_folders: Path, store_folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    import_dataset(
        ImportConfig(path=str(class_folders), name="d"),
        store_folder,
        "t",
        lambda done, total, _: seen.append((done, total)),
        lambda: False,
    )
    assert seen[-1] == (24, 24)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


# Folders


def test_class_folders_become_classes(run_import: Write, class_folders: Path) -> None:
    assert check_source(ImportConfig(path=str(class_folders), name="d")) == {
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


def test_sixteen_bit_images_are_refused_with_the_mode(
    run_import: Write, tmp_path: Path, store_folder: Path
) -> None:
    for index in range(12):
        write_image(tmp_path / "deep" / f"{index}.png", seed=index)
    Image.fromarray(np.zeros((24, 24), np.uint16)).save(tmp_path / "deep" / "a16.png")
    error = refused(run_import, tmp_path / "deep", store_folder)
    assert "a16.png has mode I;16" in error.detail


def test_mixed_sizes_are_refused_with_file_and_sizes_and_cropped_when_a_size_is_given(
    run_import: Write, class_folders: Path, store_folder: Path
) -> None:
    write_image(class_folders / "spiral" / "wide.png", (40, 30))
    error = refused(run_import, class_folders, store_folder)
    assert "wide.png is 40 × 30 pixels while 00.png is 24 × 24" in error.detail
    assert error.field == "img_size"
    assert describe(run_import(class_folders, img_size=20), "x").img_size == 20


def test_the_central_square_is_what_is_kept(run_import: Write, tmp_path: Path) -> None:
    pixels = np.zeros((20, 60, 3), np.uint8)
    pixels[:, 20:40] = 200
    for index in range(10):
        write_image(tmp_path / "wide" / f"{index}.png", (60, 20), seed=index)
    Image.fromarray(pixels).save(tmp_path / "wide" / "a.png")
    with GalaxyStore.open(run_import(tmp_path / "wide", img_size=20)) as store:
        assert (store.images(np.array([store.source_ids.index("a.png")])) == 200).all()


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
    assert "4 of 28 images cannot be read, first 'spiral/broken0.png'" in error.detail


def test_a_picture_of_too_many_pixels_is_skipped_undecoded(
    run_import: Write, class_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    write_image(class_folders / "spiral" / "bomb.png", (40, 40))
    described = describe(run_import(class_folders), "x")
    assert described.skipped[0].source == "spiral/bomb.png"
    assert "too many pixels" in described.skipped[0].reason


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
    assert "file, T, RA, dec" in refused(run_import, folder, store_folder).detail


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


# Real galaxies


def test_sixty_real_galaxy10_galaxies_are_imported(run_import: Write, real_galaxies: Path) -> None:
    described = describe(run_import(real_galaxies / "galaxy10_decals_60.h5"), "x")
    assert (described.n, described.img_size) == (60, 256)
    assert set(described.class_counts.values()) == {6}
    assert described.split_counts == {"train": 40, "val": 10, "test": 10}


def test_efigi_is_imported_by_its_table(run_import: Write, real_galaxies: Path) -> None:
    folder = real_galaxies / "efigi"
    path = run_import(folder, labels=str(folder / "labels.csv"), label_column="efigi_coarse_type")
    described = describe(path, "x")
    assert (described.n, described.img_size, described.skipped_count) == (4458, 88, 0)
    assert len(described.class_names) == 8
    assert described.split_counts["val"] == pytest.approx(446, abs=4)
    with GalaxyStore.open(path) as store:
        row = store.source_ids.index("images/PGC0000212.jpg")
        expected = np.asarray(Image.open(folder / "images" / "PGC0000212.jpg"))
        assert (store.images(np.array([row]))[0] == expected).all()
        assert store.class_names[store.labels[row]] == "S0a_Sa_Sab"
