"""HDF5 by HEALPix pixel, as MultimodalUniverse writes it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from backend.data.frames.stretch import Stretch
from backend.data.importers import inspect_source
from backend.data.store import GalaxyStore, describe
from backend.files import EVERYWHERE
from shared.configs import ImportConfig
from tests.data.conftest import refused

Write = Callable[..., Path]
SIDE = 16


def deep(seed: int, n: int, bands: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (n, bands, SIDE, SIDE)).astype("f4")


def write(path: Path, n: int, seed: int = 0, **replaced: Any) -> Path:
    """Columns of Legacy Survey cut-outs; None leaves one out."""
    columns = {
        "image_array": deep(seed, n),
        "image_band": np.array([[b"des-g", b"des-r", b"des-i", b"des-z"]] * n),
        "image_mask": np.zeros((n, SIDE, SIDE), bool),
        "image_ivar": deep(seed + 1, n),
        "image_psf_fwhm": np.full((n, 4), 1.3, "f4"),
        "image_scale": np.full((n, 4), 0.25, "f4"),
        "object_id": np.array([f"{seed}-{row}".encode() for row in range(n)]),
        "ra": np.linspace(10, 11, n),
        "dec": np.linspace(-5, 5, n),
        "FLUX_G": np.ones(n, "f4"),
        **replaced,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for key, values in columns.items():
            if values is not None:
                file.create_dataset(key, data=values)
    return path


def test_files_by_healpix_are_one_dataset(run_import: Write, tmp_path: Path) -> None:
    sizes = {0: 7, 100: 1, 200: 23}
    for seed, n in sizes.items():
        write(tmp_path / "legacysurvey" / f"healpix={seed}" / "001-of-001.hdf5", n, seed)
    frames = np.moveaxis(np.concatenate([deep(seed, n) for seed, n in sizes.items()]), 1, 3)
    expected = Stretch.fit(frames, ImportConfig(path="x", name="x"))
    made = run_import(tmp_path / "legacysurvey")
    with GalaxyStore.open(made) as store:
        assert store.bands == ["des-g", "des-r", "des-i", "des-z"]
        assert (store.images(np.arange(31)) == np.stack([expected(frame) for frame in frames])).all()
        assert store.source_ids[7:9] == ["100-0", "200-0"]
        assert (store.ra[30], store.pxscale[3]) == (11, 0.25)
    lines = {line.kind: line for line in describe(made, "x").receipt}
    assert (lines["skipped"].count, lines["skipped"].first) == (3, "image_ivar, image_mask, image_psf_fwhm")
    assert describe(made, "x").provenance["images"] == "image_array"


def test_one_file_and_its_table_of_columns(run_import: Write, tmp_path: Path) -> None:
    preview = inspect_source({"path": str(write(tmp_path / "a.hdf5", 20))}, EVERYWHERE)
    assert (preview.kind, preview.n, preview.channels) == ("universe", 20, 4)
    assert preview.roles["id_column"] == "object_id"
    assert "FLUX_G" in preview.columns


def test_gz10_takes_labels_ids_redshift_and_scale(run_import: Write, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (30, SIDE, SIDE, 3), dtype=np.uint8)
    bare = dict.fromkeys(
        ("image_array", "image_band", "image_mask", "image_ivar", "image_psf_fwhm", "image_scale")
    )
    path = tmp_path / "gz10" / "healpix=7" / "001-of-001.h5"
    own = {"images": images, "ans": np.arange(30) % 3, "z": np.full(30, 0.1), "pxscale": np.full(30, 0.262)}
    write(path, 30, **bare, **own)
    with GalaxyStore.open(run_import(tmp_path / "gz10")) as store:
        assert (store.images(np.arange(30)) == images).all()
        assert store.class_names == ["0", "1", "2"]
        assert (store.source_ids[29], store.redshift[0], store.pxscale[0]) == ("0-29", 0.1, 0.262)


def test_another_dataset_of_images_may_be_chosen(run_import: Write, tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.hdf5",
        20,
        image_rgb=np.arange(20 * SIDE * SIDE * 3).reshape(20, SIDE, SIDE, 3) % 251 + 0,
    )
    with h5py.File(path, "r+") as file:
        values = file["image_rgb"][:].astype("u1")
        del file["image_rgb"]
        file["image_rgb"] = values
    with GalaxyStore.open(run_import(path, image_column="image_rgb")) as store:
        assert (store.images(np.arange(20)) == values).all()


@pytest.mark.parametrize(
    ("second", "code"),
    [
        ({"FLUX_G": None}, "mixed_shards"),
        ({"image_array": deep(3, 12, 3)}, "mixed_shards"),
        ({"image_band": np.array([[b"g", b"r", b"i", b"z"]] * 12)}, "mixed_bands"),
        ({"image_band": np.array([[b"g", b"r", b"i", b"z"], [b"r", b"g", b"i", b"z"]] * 6)}, "mixed_bands"),
    ],
)
def test_files_that_do_not_fit_together_are_refused(
    run_import: Write, tmp_path: Path, store_folder: Path, second: dict[str, Any], code: str
) -> None:
    write(tmp_path / "s" / "healpix=1" / "a.hdf5", 12)
    write(tmp_path / "s" / "healpix=2" / "a.hdf5", 12, **second)
    assert refused(run_import, tmp_path / "s", store_folder).code == code


def test_files_without_images_say_what_they_hold(
    run_import: Write, tmp_path: Path, store_folder: Path
) -> None:
    write(tmp_path / "s" / "a.hdf5", 12, image_array=None)
    error = refused(run_import, tmp_path / "s", store_folder)
    assert (error.code, error.field) == ("missing_key", "image_column")
