"""Real galaxies written in every format that is imported give one and the same dataset."""

import csv
import io
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits
from astropy.table import Table
from numpy.typing import NDArray
from PIL import Image
from pyarrow import parquet

from backend.data.importers import import_dataset
from backend.data.store import GalaxyStore, describe
from backend.files import EVERYWHERE
from shared.configs import ImportConfig

DATA = os.environ.get("GALAXYSCOPE_TEST_DATA")
pytestmark = pytest.mark.skipif(DATA is None, reason="GALAXYSCOPE_TEST_DATA names no folder of real galaxies")
EFIGI_ROWS = 300


@dataclass(frozen=True)
class Galaxies:
    """Images (N, H, W, 3) uint8, a class name each, an id each."""

    images: NDArray[np.uint8]
    labels: list[str]
    ids: list[str]

    @property
    def classes(self) -> list[str]:
        return sorted(set(self.labels))

    @property
    def codes(self) -> NDArray[np.int64]:
        return np.array([self.classes.index(name) for name in self.labels])

    def names(self, ending: str) -> list[str]:
        return [f"{row:05d}{ending}" for row in range(len(self.labels))]


def galaxy10() -> Galaxies:
    with h5py.File(Path(str(DATA)) / "galaxy10_decals_60.h5") as file:
        images, codes = file["images"][:], file["ans"][:]
    return Galaxies(images, [f"class {code}" for code in codes], [f"g{row}" for row in range(len(codes))])


def efigi() -> Galaxies:
    folder = Path(str(DATA)) / "efigi"
    with (folder / "labels.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["efigi_coarse_type"]][:EFIGI_ROWS]
    name = next(key for key in rows[0] if rows[0][key].lower().endswith(".jpg"))
    files = [folder / "images" / Path(row[name]).name for row in rows]
    images = np.stack([np.asarray(Image.open(path).convert("RGB")) for path in files])
    return Galaxies(images, [row["efigi_coarse_type"] for row in rows], [path.stem for path in files])


def table_of(galaxies: Galaxies, ending: str) -> Table:
    return Table(
        {"file": galaxies.names(ending), "class": galaxies.labels, "objid": galaxies.ids},
    )


def pngs(galaxies: Galaxies, folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, image in zip(galaxies.names(".png"), galaxies.images, strict=True):
        Image.fromarray(image).save(folder / name, compress_level=1)
    return folder


def png(image: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(image).save(out, "PNG", compress_level=1)
    return out.getvalue()


def hdf5(galaxies: Galaxies, folder: Path, *, bands_first: bool = False) -> Path:
    images = np.moveaxis(galaxies.images, 3, 1) if bands_first else galaxies.images
    with h5py.File(folder / "galaxies.h5", "w") as file:
        file.create_dataset("images", data=images, compression="gzip", compression_opts=1, shuffle=True)
        file["ans"] = galaxies.codes
        file.attrs["class_names"] = json.dumps(galaxies.classes)
    return folder / "galaxies.h5"


def npz(galaxies: Galaxies, folder: Path) -> Path:
    np.savez(folder / "g.npz", images=galaxies.images, labels=galaxies.labels, ids=galaxies.ids)
    return folder / "g.npz"


def pictures_and(table: str) -> "Write":
    def write(galaxies: Galaxies, folder: Path) -> Path:
        pngs(galaxies, folder / "t")
        rows = table_of(galaxies, ".png")
        path = folder / "t" / f"labels.{table}"
        if table == "parquet":
            parquet.write_table(pa.table({key: list(rows[key]) for key in rows.colnames}), path)
        else:
            form = {"csv": "ascii.csv", "tsv": "ascii.tab", "ecsv": "ascii.ecsv", "vot": "votable"}
            rows.write(path, format=form.get(table, table))
        return folder / "t"

    return write


def zipped(galaxies: Galaxies, folder: Path) -> Path:
    with zipfile.ZipFile(folder / "g.zip", "w") as file:
        for path in sorted(pictures_and("csv")(galaxies, folder).iterdir()):
            file.write(path, path.name)
    return folder / "g.zip"


def fits_cubes(galaxies: Galaxies, folder: Path, ending: str = ".fits") -> Path:
    (folder / "t").mkdir()
    for name, image in zip(galaxies.names(ending), galaxies.images, strict=True):
        cube = np.moveaxis(image[::-1], 2, 0)  # FITS counts rows upwards
        fits.PrimaryHDU(np.ascontiguousarray(cube)).writeto(folder / "t" / name)
    table_of(galaxies, ending).write(folder / "t" / "labels.csv", format="ascii.csv")
    return folder / "t"


def fits_tiles(galaxies: Galaxies, folder: Path) -> Path:
    (folder / "t").mkdir()
    for name, image in zip(galaxies.names(".fits.fz"), galaxies.images, strict=True):
        bands = [fits.CompImageHDU(image[::-1, :, band], name="RGB"[band]) for band in range(3)]
        fits.HDUList([fits.PrimaryHDU(), *bands]).writeto(folder / "t" / name)
    table_of(galaxies, ".fits.fz").write(folder / "t" / "labels.csv", format="ascii.csv")
    return folder / "t"


def hugging_face(galaxies: Galaxies, folder: Path) -> Path:
    (folder / "data").mkdir()
    info = {
        "label": {"_type": "ClassLabel", "names": galaxies.classes},
        "image": {"_type": "Image"},
        "id_str": {"_type": "Value", "dtype": "string"},
    }
    images = [{"bytes": png(image), "path": None} for image in galaxies.images]
    rows = pa.table({"image": images, "label": pa.array(galaxies.codes), "id_str": galaxies.ids})
    rows = rows.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": info}})})
    half = len(galaxies.ids) // 2
    for shard, part in enumerate((rows.slice(0, half), rows.slice(half))):
        parquet.write_table(part, folder / "data" / f"train-{shard:05d}-of-00002.parquet")
    return folder


Write = Callable[[Galaxies, Path], Path]
FORMATS: dict[str, Write] = {
    "hdf5": hdf5,
    "hdf5-bands-first": lambda galaxies, folder: hdf5(galaxies, folder, bands_first=True),
    "npz": npz,
    **{table: pictures_and(table) for table in ("csv", "tsv", "parquet", "fits", "ecsv", "vot")},
    "zip": zipped,
    "fits-cubes": fits_cubes,
    "fits-gz": lambda galaxies, folder: fits_cubes(galaxies, folder, ".fits.gz"),
    "fits-tiles": fits_tiles,
    "hugging-face": hugging_face,
}


@pytest.fixture(scope="module", params=[galaxy10, efigi])
def galaxies(request: pytest.FixtureRequest) -> Galaxies:
    made: Galaxies = request.param()
    return made


@pytest.mark.parametrize("name", FORMATS)
def test_the_dataset_is_the_same(galaxies: Galaxies, name: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    path = FORMATS[name](galaxies, source)
    config = ImportConfig(path=str(path), name="mine")
    token, folder = "token", tmp_path / "datasets"
    made = import_dataset(config, folder, token, lambda *_: None, lambda: False, roots=EVERYWHERE)
    with GalaxyStore.open(made) as store:
        assert np.array_equal(store.images(np.arange(store.n)), galaxies.images)
        assert [store.class_names[code] for code in store.labels] == galaxies.labels
        ids = set(store.source_ids)
        assert ids == set(galaxies.ids) or name.startswith("hdf5"), "the layout of Galaxy10 has no ids"
    assert describe(made, "mine").digest == reference(galaxies, tmp_path)


def reference(galaxies: Galaxies, tmp_path: Path) -> str:
    """The digest of the pictures with a CSV, which the other formats repeat."""
    source = tmp_path / "reference"
    source.mkdir()
    config = ImportConfig(path=str(pictures_and("csv")(galaxies, source)), name="reference")
    path = import_dataset(
        config, tmp_path / "other", "token", lambda *_: None, lambda: False, roots=EVERYWHERE
    )
    return describe(path, "reference").digest
