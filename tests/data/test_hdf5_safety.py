"""Malformed and malicious HDF5 files, each built here, each refused in one sentence."""

import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from backend.data.importers import check_source
from backend.errors import DataError
from backend.files import EVERYWHERE
from shared.configs import ImportConfig

Write = Callable[..., Path]


def refusal(path: Path) -> DataError:
    """The error of checking `path`, which must be one sentence with a next step."""
    with pytest.raises(DataError) as caught:
        check_source(ImportConfig(path=str(path), name="bad"), roots=EVERYWHERE)
    assert caught.value.detail.endswith(".")
    assert "; " in caught.value.detail
    assert "\n" not in caught.value.detail
    return caught.value


def replace_images(path: Path) -> h5py.File:
    """The file, open, without its images."""
    file = h5py.File(path, "r+")
    del file["images"]
    return file


def test_a_text_file_is_refused_as_no_hdf5(tmp_path: Path) -> None:
    path = tmp_path / "notes.h5"
    path.write_text("not data")
    assert refusal(path).code == "not_hdf5"


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    error = refusal(tmp_path / "absent.h5")
    assert error.code == "no_such_file"
    assert "absent.h5" in error.detail


def test_a_truncated_file_is_refused_with_its_size(galaxy10_file: Write) -> None:
    path = galaxy10_file()
    with path.open("r+b") as file:
        file.truncate(50_000)
    error = refusal(path)
    assert error.code == "truncated"
    assert "50,000" in error.detail


def test_a_file_of_rubbish_after_the_signature_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rubbish.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 8)
    assert refusal(path).code in {"damaged", "not_hdf5", "truncated"}


def test_a_missing_key_lists_the_keys_there_are(galaxy10_file: Write) -> None:
    error = refusal(galaxy10_file(images=None, pictures=np.zeros(3)))
    assert error.code == "missing_key"
    assert "'images'" in error.detail
    assert "ans, pictures" in error.detail


def test_external_storage_is_refused_and_never_read(galaxy10_file: Write, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"s" * (40 * 32 * 32 * 3))
    path = galaxy10_file()
    with replace_images(path) as file:
        file.create_dataset(
            "images", (40, 32, 32, 3), np.uint8, external=[(str(secret), 0, secret.stat().st_size)]
        )
    error = refusal(path)
    assert error.code == "external_storage"
    assert "secret" in error.detail


def test_virtual_storage_is_refused(galaxy10_file: Write, tmp_path: Path) -> None:
    path = galaxy10_file()
    shutil.copy(path, tmp_path / "other.h5")
    layout = h5py.VirtualLayout((40, 32, 32, 3), np.uint8)
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "images", (40, 32, 32, 3))
    with replace_images(path) as file:
        file.create_virtual_dataset("images", layout)
    assert refusal(path).code == "virtual_storage"


@pytest.mark.parametrize("link", [h5py.SoftLink("/ans"), h5py.ExternalLink("other.h5", "/images")])
def test_a_link_is_refused(galaxy10_file: Write, link: h5py.SoftLink | h5py.ExternalLink) -> None:
    path = galaxy10_file()
    with replace_images(path) as file:
        file["images"] = link
    assert refusal(path).code == "linked_object"


def test_a_group_in_place_of_images_is_refused(galaxy10_file: Write) -> None:
    path = galaxy10_file()
    with replace_images(path) as file:
        file.create_group("images")
    assert refusal(path).code == "not_a_dataset"


@pytest.mark.parametrize("chunks", [None, (8, 64, 64, 3)])
def test_a_declared_size_beyond_the_file_is_refused(
    galaxy10_file: Write, chunks: tuple[int, ...] | None
) -> None:
    path = galaxy10_file()
    with replace_images(path) as file:
        file.create_dataset("images", (50_000, 256, 256, 3), np.uint8, chunks=chunks)
    error = refusal(path)
    assert error.code == "declared_too_large"
    assert "9,830,400,000" in error.detail


def test_a_file_with_some_chunks_unwritten_is_refused(galaxy10_file: Write) -> None:
    path = galaxy10_file()
    with replace_images(path) as file:
        images = file.create_dataset("images", (40, 32, 32, 3), np.uint8, chunks=(20, 32, 32, 3))
        images[:20] = 1
    error = refusal(path)
    assert error.code == "incomplete"
    assert "1 of its 2 chunks" in error.detail


def test_an_unknown_filter_is_refused_by_number(galaxy10_file: Write) -> None:
    path = galaxy10_file()
    with replace_images(path) as file:
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_chunk((40, 32, 32, 3))
        properties.set_filter(31_999, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple((40, 32, 32, 3))
        h5py.h5d.create(file.id, b"images", h5py.h5t.STD_U8LE, space, properties)
    error = refusal(path)
    assert error.code == "unknown_filter"
    assert "31999" in error.detail


def test_images_of_complex_numbers_are_refused_with_their_type(galaxy10_file: Write) -> None:
    error = refusal(galaxy10_file(images=np.zeros((40, 32, 32, 3), np.complex64)))
    assert error.code == "bad_dtype"
    assert "complex64" in error.detail


@pytest.mark.parametrize(
    "shape", [(40, 32, 24, 3), (40, 32, 32, 7), (40, 32), (40, 6, 32, 32), (40, 4, 4, 3)]
)
def test_a_wrong_shape_is_refused_with_the_shape(galaxy10_file: Write, shape: tuple[int, ...]) -> None:
    error = refusal(galaxy10_file(images=np.zeros(shape, np.uint8)))
    assert error.code == "bad_shape"
    assert str(shape) in error.detail


def test_labels_of_another_length_are_refused(galaxy10_file: Write) -> None:
    error = refusal(galaxy10_file(ans=np.zeros(39, np.uint8)))
    assert error.code == "bad_labels"
    assert "(39,)" in error.detail


@pytest.mark.parametrize(("value", "names"), [(10, True), (255, True), (-2, True), (-2, False)])
def test_a_label_outside_the_classes_is_refused_with_value_and_row(
    galaxy10_file: Write, value: int, names: bool
) -> None:
    labels = (np.arange(40) % 10).astype(np.int64)
    labels[17] = value
    path = galaxy10_file(ans=labels)
    if names:
        with h5py.File(path, "r+") as file:
            file.attrs["class_names"] = list("abcdefghij")
    error = refusal(path)
    assert error.code == "bad_label"
    assert f"holds {value} in row 17" in error.detail


def test_a_sky_column_of_another_length_is_refused(galaxy10_file: Write) -> None:
    error = refusal(galaxy10_file(ra=np.zeros(7)))
    assert error.code == "bad_shape"
    assert "'ra'" in error.detail
