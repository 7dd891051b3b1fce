"""Galaxy10-layout files of any size, streamed."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from backend.data.store import GalaxyStore, describe
from tests.data.conftest import refused

Write = Callable[..., Path]


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
    images = np.random.default_rng(0).integers(0, 256, (40, 32, 32), dtype=np.uint8)
    path = run_import(galaxy10_file(images=images))
    assert describe(path, "x").bands == ["grey"]


def test_a_compressed_file_of_60_mb_is_streamed_in_bounded_memory(
    run_import: Write, galaxy10_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.data.importers.array_source.BLOCK_BYTES", 4 * 2**20)
    source = galaxy10_file(ans=(np.arange(300) % 10).astype(np.uint8))
    with h5py.File(source, "r+") as file:
        del file["images"]
        images = file.create_dataset(
            "images", (300, 256, 256, 3), np.uint8, chunks=(4, 64, 64, 3), compression=1
        )
        for start in range(0, 300, 50):
            levels = np.arange(start, start + 50).astype(np.uint8)
            block = np.repeat(levels, 256 * 256 * 3).reshape(50, 256, 256, 3)
            block[:, 128:] += 1
            images[start : start + 50] = block
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
    monkeypatch.setattr("backend.data.importers.array_source.BLOCK_BYTES", 7 * 32 * 32 * 3)
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


def test_sixty_real_galaxy10_galaxies_are_imported(run_import: Write, real_galaxies: Path) -> None:
    described = describe(run_import(real_galaxies / "galaxy10_decals_60.h5"), "x")
    assert (described.n, described.img_size) == (60, 256)
    assert set(described.class_counts.values()) == {6}
    assert described.split_counts == {"train": 40, "val": 10, "test": 10}
