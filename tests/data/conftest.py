"""Small sources to import: made here, in the layout of Galaxy10 or as folders of pictures."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from backend.data.importers import import_dataset
from backend.errors import DataError, GalaxyscopeError
from backend.files import EVERYWHERE
from shared.configs import ImportConfig
from shared.contract.datasets import Dataset, SourcePreview

Importer = Callable[..., Path]


@pytest.fixture
def store_folder(tmp_path: Path) -> Path:
    """An empty folder of datasets."""
    folder = tmp_path / "datasets"
    folder.mkdir()
    return folder


@pytest.fixture
def run_import(store_folder: Path) -> Importer:
    """import_dataset with everything but the config filled in."""

    def run(path: Path, name: str = "mine", **config: Any) -> Path:
        config_ = ImportConfig(path=str(path), name=name, **config)
        return import_dataset(
            config_, store_folder, f"token-{name}", lambda *_: None, lambda: False, roots=EVERYWHERE
        )

    return run


@pytest.fixture
def galaxy10_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a Galaxy10-layout file of random 32-pixel images; keywords replace or add datasets."""

    def write(n: int = 40, side: int = 32, **datasets: Any) -> Path:
        rng = np.random.default_rng(n)
        columns = {
            "images": rng.integers(0, 256, (n, side, side, 3), dtype=np.uint8),
            "ans": (np.arange(n) % 10).astype(np.uint8),
            **datasets,
        }
        path = tmp_path / "galaxies.h5"
        with h5py.File(path, "w") as file:
            for key, value in columns.items():
                if value is not None:
                    file.create_dataset(key, data=value)
        return path

    return write


def write_image(path: Path, size: tuple[int, int] = (24, 24), mode: str = "RGB", seed: int = 0) -> Path:
    """A picture of noise."""
    bands = {"L": (), "RGB": (3,), "RGBA": (4,), "CMYK": (4,)}[mode]
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], *bands), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels, mode=mode).save(path)
    return path


@pytest.fixture
def class_folders(tmp_path: Path) -> Path:
    """Two class folders of twelve 24-pixel PNGs each."""
    for name, shift in (("spiral", 0), ("smooth", 100)):
        for index in range(12):
            write_image(tmp_path / "classes" / name / f"{index:02d}.png", seed=shift + index)
    return tmp_path / "classes"


@contextmanager
def raises(kind: type[GalaxyscopeError], code: str, *named: str) -> Iterator[None]:
    """The block raises an error of this code, which names these values."""
    with pytest.raises(kind) as caught:
        yield
    assert (caught.value.code, [word for word in named if word not in caught.value.detail]) == (code, [])


def refused(run: Importer, path: Path, folder: Path, **config: Any) -> DataError:
    """The one-sentence error of an import, which must leave the store empty."""
    with pytest.raises(DataError) as caught:
        run(path, **config)
    assert list(folder.iterdir()) == []
    assert caught.value.detail.endswith(".")
    assert "\n" not in caught.value.detail
    return caught.value


def receipt_of(made: Dataset | SourcePreview) -> list[str]:
    """The lines of a receipt, without those about the rows and columns of its table."""
    return [
        line.text
        for line in made.receipt
        if not re.match(r"(Left out: )?[\d,]+ (rows?|columns?) of ", line.text)
    ]
