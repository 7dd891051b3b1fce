"""Arrays of NumPy: .npy and .npz with their columns, and what is never unpickled."""

import pickle
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from backend.data.importers import inspect_source
from backend.data.store import GalaxyStore, describe
from backend.files import EVERYWHERE
from tests.data.conftest import refused

Write = Callable[..., Path]


def noise(*shape: int, dtype: str = "u1") -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(dtype)


@pytest.fixture
def npz(tmp_path: Path) -> Callable[..., Path]:
    """Writes 40 images with the given columns."""

    def write(save: Any = np.savez, **arrays: Any) -> Path:
        path = tmp_path / "galaxies.npz"
        save(path, **{"images": noise(40, 16, 16, 3), **arrays})
        return path

    return write


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_every_column_of_an_npz_is_taken(run_import: Write, npz: Callable[..., Path], save: Any) -> None:
    path = npz(
        save,
        labels=np.array([0, 1, 2, -1] * 10),
        class_names=np.array(["a", "b", "c"]),
        ra=np.arange(40.0),
        dec=np.full(40, -3, np.float32),
        redshift=np.full(40, 0.1),
        pxscale=np.full(40, 0.4),
        source_id=np.array([f"g{i}" for i in range(40)]),
        split=np.array(["train", "val", "test", "train"] * 10),
    )
    with GalaxyStore.open(run_import(path, img_size=8)) as store:
        assert store.class_names == ["a", "b", "c"]
        assert store.labels[:4].tolist() == [0, 1, 2, -1]
        assert (store.ra[39], store.dec[0], store.pxscale[0]) == (39, -3, 0.8)
        assert store.source_ids[7] == "g7"
        assert store.splits[:4].tolist() == [0, 1, 2, 0]
        assert store.provenance["kind"] == "array"


def test_pixels_of_an_npz_are_kept(run_import: Write, npz: Callable[..., Path]) -> None:
    with GalaxyStore.open(run_import(npz(np.savez_compressed, y=np.arange(40) % 3))) as store:
        assert (store.images(np.arange(40)) == noise(40, 16, 16, 3)).all()
        assert store.class_names == ["0", "1", "2"]


@pytest.mark.parametrize("shape", [(40, 16, 16), (40, 2, 16, 16), (40, 5, 16, 16), (40, 16, 16, 4)])
def test_bands_are_found_first_or_last(run_import: Write, tmp_path: Path, shape: tuple[int, ...]) -> None:
    images = noise(*shape)
    np.save(tmp_path / "a.npy", images)
    expected = images[..., None] if images.ndim == 3 else images
    expected = np.moveaxis(expected, 1, 3) if shape[1] <= 5 else expected
    with GalaxyStore.open(run_import(tmp_path / "a.npy")) as store:
        assert (store.images(np.arange(40)) == expected).all()


def test_fortran_order_and_floats_of_a_npy_are_read(run_import: Write, tmp_path: Path) -> None:
    images = noise(40, 16, 16, 3, dtype=">f8") * 3
    np.save(tmp_path / "a.npy", np.asfortranarray(images))
    path = run_import(tmp_path / "a.npy", stretch="linear", low_percentile=0, high_percentile=100)
    with GalaxyStore.open(path) as store:
        # 0 to 765 linearly onto 0 to 255.
        assert (store.images(np.arange(40)) == noise(40, 16, 16, 3)).all()
    assert describe(path, "x").stretch.startswith("linear")


def test_a_table_beside_an_array_gives_its_rows_in_order(
    run_import: Write, tmp_path: Path, store_folder: Path
) -> None:
    np.save(tmp_path / "a.npy", noise(40, 16, 16))
    table = tmp_path / "t.csv"
    table.write_text("id,class,ra,dec\n" + "".join(f"g{i},{'xy'[i % 2]},{i},1\n" for i in range(40)))
    with GalaxyStore.open(run_import(tmp_path / "a.npy", labels=str(table))) as store:
        assert (store.source_ids[5], store.labels[5], store.ra[5]) == ("g5", 1, 5)
    (store_folder / "mine.h5").unlink()
    table.write_text("id,class\n" + "".join(f"g{i},x\n" for i in range(39)))
    error = refused(run_import, tmp_path / "a.npy", store_folder, labels=str(table))
    assert (error.code, error.field) == ("row_count", "labels")
    assert "t.csv has 39 rows but a.npy has 40 images" in error.detail


class Bomb:
    """Touches a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_pickled_objects_are_refused_and_never_run(
    run_import: Write, tmp_path: Path, store_folder: Path
) -> None:
    np.save(tmp_path / "a.npy", np.array([Bomb(tmp_path / "touched")] * 40, object), allow_pickle=True)
    error = refused(run_import, tmp_path / "a.npy", store_folder)
    assert error.code == "object_dtype"
    assert "a.npy" in error.detail
    np.savez(
        tmp_path / "a.npz",
        images=noise(40, 16, 16),
        labels=np.array([Bomb(tmp_path / "touched")] * 40, object),
    )
    assert refused(run_import, tmp_path / "a.npz", store_folder).code == "object_dtype"
    assert not (tmp_path / "touched").exists()
    (tmp_path / "b.npy").write_bytes(pickle.dumps([1]))
    assert refused(run_import, tmp_path / "b.npy", store_folder).code == "damaged"


@pytest.mark.parametrize(
    ("arrays", "code", "words"),
    [
        ({"images": np.zeros((40, 16, 12), "u1")}, "bad_shape", "(40, 16, 12, 1)"),
        ({"images": np.zeros((40, 16, 16, 9), "u1")}, "bad_shape", "(40, 16, 16, 9)"),
        ({"images": np.zeros((40, 16, 16), "c8")}, "bad_dtype", "complex64"),
        ({"images": np.asfortranarray(noise(40, 16, 16))}, "fortran_order", "ascontiguousarray"),
        ({"labels": np.zeros(39, "i4")}, "bad_shape", "'labels' of galaxies.npz has shape (39,)"),
        ({"labels": np.array([0, 5] * 20), "class_names": np.array(["a"])}, "bad_label", "holds 5 in row 1"),
        ({"ra": np.full(40, 400.0)}, "ra_out_of_range", "'400' in row 0"),
        ({"ra": np.array(["a"] * 40)}, "bad_dtype", "'ra'"),
        ({"split": np.array(["train", "x"] * 20)}, "unknown_split", "'x'"),
    ],
)
def test_a_wrong_array_is_named_with_its_value(
    run_import: Write,
    npz: Callable[..., Path],
    store_folder: Path,
    arrays: dict[str, Any],
    code: str,
    words: str,
) -> None:
    error = refused(run_import, npz(**arrays), store_folder)
    assert error.code == code
    assert words in error.detail
    assert ";" in error.detail or ":" in error.detail


def test_missing_images_list_the_keys_there_are(
    run_import: Write, tmp_path: Path, store_folder: Path
) -> None:
    np.savez(tmp_path / "a.npz", x=noise(4, 4), y=noise(4))
    error = refused(run_import, tmp_path / "a.npz", store_folder)
    assert error.code == "missing_key"
    assert "it holds x, y" in error.detail


def test_a_header_that_declares_more_than_the_file_holds_is_refused(
    run_import: Write, tmp_path: Path, store_folder: Path
) -> None:
    np.save(tmp_path / "a.npy", noise(40, 16, 16))
    data = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(data.replace(b"(40, 16, 16)", b"(99, 16, 16)"))
    error = refused(run_import, tmp_path / "a.npy", store_folder)
    assert error.code == "truncated"
    assert "declares 25,344 bytes of pixels but holds 10,240" in error.detail
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as file:
        file.writestr("images.npy", data.replace(b"(40, 16, 16)", b"(99, 16, 16)"))
    assert refused(run_import, tmp_path / "b.npz", store_folder).code == "truncated"


def test_a_compressed_npz_of_60_mb_is_streamed(
    run_import: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.data.importers.array_source.BLOCK_BYTES", 4 * 2**20)
    images = np.zeros((300, 256, 256, 3), np.uint8)
    images[:, :, 128:] = 50
    images[:, 0, 0, 0] = np.arange(300) % 256
    np.savez_compressed(tmp_path / "a.npz", images=images)
    del images
    tracemalloc.start()
    path = run_import(tmp_path / "a.npz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * 2**20
    with GalaxyStore.open(path) as store:
        assert store.images(np.array([299]))[0, 0, 0, 0] == 299 - 256


def test_an_array_is_looked_at_without_its_pixels(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", noise(40, 3, 16, 16, dtype="f4"))
    preview = inspect_source({"path": str(tmp_path / "a.npy")}, roots=EVERYWHERE)
    assert (preview.kind, preview.n, preview.img_size, preview.channels) == ("array", 40, 16, 3)
    assert (preview.dtype, preview.stretched, preview.sizes) == ("float32", True, {"16 × 16": 40})
    assert preview.size_bytes == 40 * 16 * 16 * 3


def test_arrays_that_are_not_read_are_named(run_import: Write, npz: Callable[..., Path]) -> None:
    described = describe(
        run_import(npz(labels=np.arange(40) % 2, mask=np.zeros(40), weights=np.ones(3))), "x"
    )
    (left_out,) = [line for line in described.receipt if line.kind == "skipped"]
    assert (left_out.count, left_out.first) == (2, "mask")


def test_given_class_names_replace_those_of_an_npz(run_import: Write, npz: Callable[..., Path]) -> None:
    source = npz(labels=np.arange(40) % 2, class_names=np.array(["a", "b"]))
    assert describe(run_import(source, class_names="c,d"), "x").class_names == ["c", "d"]


def test_ids_that_went_through_float_are_refused_and_exact_ones_kept(
    run_import: Write, tmp_path: Path, store_folder: Path
) -> None:
    ids = np.arange(20) * 100_003 + 1237648720693755918
    images = np.random.default_rng(0).integers(0, 256, (20, 16, 16, 3), dtype=np.uint8)
    np.savez(tmp_path / "float.npz", images=images, ids=ids.astype(np.float64))
    assert refused(run_import, tmp_path / "float.npz", store_folder).code == "id_digits_lost"
    np.savez(tmp_path / "exact.npz", images=images, objid=ids)
    with h5py.File(tmp_path / "exact.h5", "w") as file:
        file["images"], file["objid"] = images, ids
    for name in ("exact.npz", "exact.h5"):
        with GalaxyStore.open(run_import(tmp_path / name, name=name[-3:].strip("."))) as store:
            assert store.source_ids == [str(one) for one in ids]
