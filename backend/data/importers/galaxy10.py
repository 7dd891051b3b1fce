"""HDF5 files in the layout of Galaxy10: images and ans; ra, dec, redshift and pxscale where given."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from backend.data.hdf5_safety import checked_dataset, open_hdf5
from backend.data.importers.reporting import Reporter
from backend.data.layout import (
    FORMAT,
    GALAXY10_DECALS,
    MAX_CHANNELS,
    MAX_CLASSES,
    SKY_KEYS,
    DatasetPlan,
    Floats,
    GalaxyBlock,
    Pixels,
    Rows,
    default_bands,
)
from backend.data.resize import resize
from backend.errors import DataError
from shared.configs import ImportConfig
from shared.datasets import SPLIT_CODES

BLOCK_BYTES = 64 * 2**20
SDSS_SIDE = 69
GALAXY10_SDSS = (
    "Disk, Face-on, No Spiral",
    "Smooth, Completely Round",
    "Smooth, In-between Round",
    "Smooth, Cigar Shaped",
    "Disk, Edge-on, Rounded Bulge",
    "Disk, Edge-on, Boxy Bulge",
    "Disk, Edge-on, No Bulge",
    "Disk, Face-on, Tight Spiral",
    "Disk, Face-on, Medium Spiral",
    "Disk, Face-on, Loose Spiral",
)
"""Classes of the older, 69-pixel Galaxy10 SDSS."""


class Galaxy10Source:
    """An opened Galaxy10-layout file whose columns have been checked; `plan` says what is in it."""

    kind = "galaxy10"

    def __init__(self, config: ImportConfig) -> None:
        path = Path(config.path).expanduser()
        self._file = open_hdf5(path)
        try:
            self._read_columns(config, path.name)
        except DataError:
            self._file.close()
            raise

    def close(self) -> None:
        self._file.close()

    def _read_columns(self, config: ImportConfig, name: str) -> None:
        self._images = checked_dataset(self._file, "images")
        n, side, channels = _image_shape(self._images, name)
        self._labels = _labels(self._file, n, name)
        class_names = _class_names(self._file, side)
        _check_labels(self._labels, class_names, name)
        self._sky = {key: _sky_column(self._file, key, n, name) for key in SKY_KEYS}
        self.source_size = side
        img_size = config.img_size or side
        own = self._file.attrs.get("format") == FORMAT
        self._source_ids = _source_ids(self._file, n, own, Path(name).stem)
        self.plan = DatasetPlan(
            n=n,
            img_size=img_size,
            channels=channels,
            class_names=class_names if (self._labels >= 0).any() else [],
            bands=_bands(self._file, channels),
            provenance={
                "kind": self.kind,
                "file": name,
                "source_img_size": side,
                "resized_to": img_size if img_size != side else None,
                **_origin(self._file, own),
            },
            licence=str(self._file.attrs.get("licence", "not stated")),
            simulated=bool(self._file.attrs.get("simulated", False)),
            split_seed=config.split_seed,
            splits=_own_splits(self._file, n) if own else None,
            stretch=str(self._file.attrs.get("stretch", "as in the source")),
        )

    def blocks(self, reporter: Reporter) -> Iterator[GalaxyBlock]:
        """Galaxies in file order, resized to the plan's img_size; about 64 MB of source pixels at a time."""
        n = self.plan.n
        for start, end in _row_ranges(self._images):
            images = _read(self._images, start, end)
            rows = slice(start, end)
            yield GalaxyBlock(
                images=resize(images, self.plan.img_size),
                labels=self._labels[rows],
                source_ids=self._source_ids[rows],
                sky={
                    key: _scaled(key, values[rows], self)
                    for key, values in self._sky.items()
                    if values is not None
                },
            )
            reporter.tick(end, n, f"Read {end:,} of {n:,} galaxies")


def _image_shape(images: h5py.Dataset, name: str) -> tuple[int, int, int]:
    """(N, side, C) of `images`, or why it cannot be used."""
    shape = images.shape
    if images.dtype != np.uint8:
        raise DataError(
            "bad_dtype",
            f"'images' of {name} is {images.dtype}, not uint8; stretch it to 0–255 first.",
            "path",
        )
    if len(shape) not in (3, 4) or shape[1] != shape[2] or min(shape) < 1:
        raise DataError(
            "bad_shape",
            f"'images' of {name} has shape {shape}; (N, H, W, C) with square images is needed.",
            "path",
        )
    channels = shape[3] if len(shape) == 4 else 1
    if channels > MAX_CHANNELS or not 8 <= shape[1] <= 1024:
        raise DataError(
            "bad_shape",
            f"'images' of {name} has shape {shape}; 1 to {MAX_CHANNELS} bands last and a side of 8 to 1024 "
            "pixels are needed.",
            "path",
        )
    return int(shape[0]), int(shape[1]), int(channels)


def _labels(file: h5py.File, n: int, name: str) -> Rows:
    labels = checked_dataset(file, "ans")
    if labels.shape != (n,) or labels.dtype.kind not in "iu":
        raise DataError(
            "bad_labels",
            f"'ans' of {name} is {labels.dtype} of shape {labels.shape}; one integer for each of the {n:,} "
            "images is needed.",
            "path",
        )
    return np.asarray(labels[:], np.int64)


def _check_labels(labels: Rows, class_names: list[str], name: str) -> None:
    outside = np.flatnonzero((labels < -1) | (labels >= len(class_names)))
    if len(outside):
        row = int(outside[0])
        raise DataError(
            "bad_label",
            f"'ans' of {name} holds {labels[row]} in row {row}, outside 0 to {len(class_names) - 1}; correct "
            "it, set −1 for no label, or name your classes in an attribute class_names.",
            "path",
        )


def _class_names(file: h5py.File, side: int) -> list[str]:
    names = _text_list(file.attrs.get("class_names"))
    if names is None:
        return list(GALAXY10_SDSS if side == SDSS_SIDE else GALAXY10_DECALS)
    if len(names) > MAX_CLASSES:
        raise DataError(
            "too_many_classes",
            f"class_names holds {len(names)} names; at most {MAX_CLASSES} can be used.",
            "path",
        )
    return names


def _text_list(value: Any) -> list[str] | None:
    """Names from an attribute: a JSON list, or an array of strings; None for anything else."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            return None
    if isinstance(value, bytes) or not isinstance(value, list | np.ndarray):
        return None
    return [item.decode(errors="replace") if isinstance(item, bytes) else str(item) for item in value]


def _bands(file: h5py.File, channels: int) -> list[str]:
    names = _text_list(file.attrs.get("bands"))
    return names if names is not None and len(names) == channels else default_bands(channels)


def _sky_column(file: h5py.File, key: str, n: int, name: str) -> Floats | None:
    if key not in list(file.keys()):
        return None
    column = checked_dataset(file, key)
    if column.shape != (n,) or column.dtype.kind not in "fiu":
        raise DataError(
            "bad_shape",
            f"'{key}' of {name} is {column.dtype} of shape {column.shape}; a number for each of the {n:,} "
            "images is needed, or leave it out.",
            "path",
        )
    return np.asarray(column[:], np.float64)


def _scaled(key: str, values: Floats, source: Galaxy10Source) -> Floats:
    """Arcsec per pixel grow as pixels get fewer."""
    return values * source.source_size / source.plan.img_size if key == "pxscale" else values


def _source_ids(file: h5py.File, n: int, own: bool, stem: str) -> list[str]:
    if own:
        return [value.decode() for value in checked_dataset(file, "source_id")[:]]
    width = len(str(n - 1))
    return [f"{stem}:{row:0{width}d}" for row in range(n)]


def _own_splits(file: h5py.File, n: int) -> Any:
    splits = np.asarray(checked_dataset(file, "split")[:])
    known = splits.shape == (n,) and np.isin(splits, list(SPLIT_CODES.values())).all()
    return splits.astype(np.uint8) if known else None


def _origin(file: h5py.File, own: bool) -> dict[str, Any]:
    """Where a dataset that Galaxyscope made came from in its turn."""
    if not own:
        return {}
    return {"origin": json.loads(file.attrs["provenance"]), "split": "as in the file"}


def _row_ranges(images: h5py.Dataset) -> Iterator[tuple[int, int]]:
    """Runs of rows of about 64 MB, whole chunks at a time where chunks allow it."""
    row_bytes = int(np.prod(images.shape[1:]))
    rows = max(1, BLOCK_BYTES // row_bytes)
    if images.chunks is not None and images.chunks[0] <= rows:
        rows -= rows % images.chunks[0]
    for start in range(0, images.shape[0], rows):
        yield start, min(start + rows, images.shape[0])


def _read(images: h5py.Dataset, start: int, end: int) -> Pixels:
    try:
        block: Pixels = images[start:end]
    except OSError as error:
        name = Path(images.file.filename).name
        raise DataError(
            "damaged", f"{name} cannot be read in rows {start} to {end - 1}; download it again.", "path"
        ) from error
    return block if block.ndim == 4 else block[..., None]
