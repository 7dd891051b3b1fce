"""Galaxy10-layout files of any size, streamed."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from backend.data.importers.catalogue import Catalogue, classes_of
from backend.data.importers.class_names import with_class_names
from backend.data.importers.reporting import Findings
from backend.data.store import GalaxyStore, describe
from shared.configs import ImportConfig
from tests.data.conftest import refused

Write = Callable[..., Path]


def test_a_galaxy10_file_keeps_pixels_labels_and_positions(run_import: Write, galaxy10_file: Write) -> None:
    source = galaxy10_file(ra=np.linspace(0, 300, 40), dec=np.full(40, np.nan), pxscale=np.full(40, 0.262))
    with GalaxyStore.open(run_import(source)) as store, h5py.File(source) as file:
        assert (store.images(np.arange(40)) == file["images"][:]).all()
        assert store.labels.tolist() == (np.arange(40) % 10).tolist()
        assert store.class_names == list("0123456789")
        assert store.ra[39] == 300
        assert np.isnan(store.redshift).all()
        assert store.bands == ["red", "green", "blue"]


def test_resizing_changes_the_pixel_scale_with_the_size(run_import: Write, galaxy10_file: Write) -> None:
    path = run_import(galaxy10_file(pxscale=np.full(40, 0.25)), img_size=16)
    with GalaxyStore.open(path) as store:
        assert store.img_size == 16
        assert store.pxscale[0] == 0.5


def test_two_classes_without_names_are_named_by_their_numbers(
    run_import: Write, galaxy10_file: Write
) -> None:
    described = describe(run_import(galaxy10_file(ans=np.arange(40) % 2)), "x")
    assert described.class_counts == {"0": 20, "1": 20}


def test_names_may_be_given(run_import: Write, galaxy10_file: Write) -> None:
    source = galaxy10_file(ans=np.arange(40) % 2 * 2)
    by_comma = describe(run_import(source, name="a", class_names="disc, none, ball"), "x")
    assert by_comma.class_counts == {"disc": 20, "none": 0, "ball": 20}
    by_line = describe(run_import(source, name="b", class_names="disc, thin\n none \nball"), "x")
    assert by_line.class_names == ["disc, thin", "none", "ball"]


@pytest.mark.parametrize("names", ["one", "one,two", "a,a,b"])
def test_given_names_that_cannot_fit_are_refused(
    run_import: Write, galaxy10_file: Write, store_folder: Path, names: str
) -> None:
    error = refused(run_import, galaxy10_file(ans=np.arange(40) % 3), store_folder, class_names=names)
    assert error.code in ("bad_label", "bad_class_names")


@pytest.mark.parametrize(
    ("n", "side", "codes", "first"),
    [
        (17736, 256, 10, "Disturbed"),
        (21785, 69, 10, "Disk, Face-on, No Spiral"),
        (17735, 256, 10, "0"),
        (17736, 128, 10, "0"),
        (17736, 256, 9, "0"),
    ],
)
def test_galaxy10_is_known_by_its_number_of_images_their_size_and_its_ten_codes(
    n: int, side: int, codes: int, first: str
) -> None:
    names, labels = classes_of([str(row % codes) for row in range(n)])
    findings = Findings(strict=True)
    config = ImportConfig(path="x", name="x")
    named = with_class_names(Catalogue([""] * n, labels, names), {(side, side)}, config, findings)
    assert named.class_names[0] == first
    assert [line.field for line in findings.receipt] == (["class_names"] if first != "0" else [])


def test_what_is_not_read_of_a_file_is_named(run_import: Write, galaxy10_file: Write) -> None:
    source = galaxy10_file(mask=np.zeros((40, 32, 32)), alpha=np.arange(40))
    (left_out,) = [line for line in describe(run_import(source), "x").receipt if line.kind == "skipped"]
    assert (left_out.count, left_out.first) == (2, "alpha")


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
