"""Reading a dataset: its columns in memory, its pixels memory-mapped."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from backend.data.duplicates import read_pairs
from backend.data.frames.resize import centre_crop, resize
from backend.data.hdf5_safety import checked_dataset, open_hdf5
from backend.data.layout import FORMAT, SKY_KEYS, Floats, Pixels, Rows
from backend.data.writer import StoreWriter, cleanup_partials
from backend.errors import DataError
from shared.base.vocabulary import SPLIT_CODES, Split
from shared.contract.datasets import Dataset, ReceiptLine, SkippedRow, Target

__all__ = ["GalaxyStore", "StoreWriter", "cleanup_partials", "describe", "load_images", "split_rows"]

BLOCK_BYTES = 32 * 2**20


class GalaxyStore:
    """One dataset, open for reading: columns as arrays, pixels on demand.

    labels (N,) int64, −1 for unlabelled; splits (N,) uint8, codes of SPLIT_CODES; ra, dec (deg), redshift,
    pxscale (arcsec per pixel) are (N,) float64 with NaN for unknown, and so are `targets` by name, in
    `target_units`; channel_mean and channel_std (C,)
    float32 are of the train rows, on the scale 0 to 1. `on_read` is called with the rows of every read of
    pixels."""

    def __init__(self, file: h5py.File, on_read: Callable[[Rows], None] | None) -> None:
        images = checked_dataset(file, "images")
        attrs = _attributes(file)
        self.n, self.img_size, _, self.channels = (int(size) for size in images.shape)
        self.class_names: list[str] = json.loads(attrs["class_names"])
        self.bands: list[str] = json.loads(attrs["bands"])
        self.provenance: dict[str, Any] = json.loads(attrs["provenance"])
        self.display = np.array(json.loads(attrs["display"]), np.float32)
        self.digest = str(attrs["digest"])
        self.licence = str(attrs["licence"])
        self.simulated = bool(attrs["simulated"])
        self.stretch = str(attrs["stretch"])
        self.channel_mean = np.asarray(attrs["channel_mean"], np.float32)
        self.channel_std = np.asarray(attrs["channel_std"], np.float32)
        self.labels = np.asarray(checked_dataset(file, "ans")[:], np.int64)
        self.splits = np.asarray(checked_dataset(file, "split")[:], np.uint8)
        columns = (np.asarray(checked_dataset(file, key)[:], np.float64) for key in SKY_KEYS)
        self.ra, self.dec, self.redshift, self.pxscale = columns
        hashes = checked_dataset(file, "image_hash")[:] if "image_hash" in file else np.zeros(self.n)
        self.image_hashes = np.asarray(hashes, np.uint64)
        self.source_ids = [value.decode() for value in checked_dataset(file, "source_id")[:]]
        self.targets, self.target_units = read_targets(file, self.n)
        pairs = checked_dataset(file, "twins")[:].tobytes() if "twins" in file else b"[]"
        self.near_duplicates = read_pairs(pairs)
        self._on_read = on_read
        self._pixels: np.memmap[Any, np.dtype[np.uint8]] | None = np.memmap(
            file.filename, np.uint8, "r", offset=images.id.get_offset(), shape=images.shape
        )

    @classmethod
    def open(cls, path: Path, on_read: Callable[[Rows], None] | None = None) -> "GalaxyStore":
        """The dataset at `path`; DataError if it is missing or not a dataset."""
        if not path.is_file():
            why = f"{path.name} is no longer in the datasets folder; import it again"
            raise DataError("dataset_gone", why)
        with open_hdf5(path) as file:
            return cls(file, on_read)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; pixels can no longer be read."""
        self._pixels = None

    def images(self, rows: NDArray[np.integer[Any]]) -> Pixels:
        """(n, H, W, C) copies of the given rows, in their order; read in the order of the file."""
        if self._pixels is None:
            raise ValueError("the dataset is closed")
        chosen = np.asarray(rows, np.int64)
        if len(chosen) and (chosen.min() < 0 or chosen.max() >= self.n):
            raise ValueError(f"rows {chosen.min()} to {chosen.max()} are not all within 0 to {self.n - 1}")
        if self._on_read is not None:
            self._on_read(chosen)
        out = np.empty((len(chosen), *self._pixels.shape[1:]), np.uint8)
        for place in np.argsort(chosen, kind="stable"):
            out[place] = self._pixels[chosen[place]]
        return out

    def rgb(self, images: Pixels) -> Pixels:
        """(n, H, W, 3) pictures of images (n, H, W, C), by the dataset's display mapping."""
        if self.channels == 3 and (self.display == np.eye(3)).all():
            return images
        mixed = images.astype(np.float32) @ self.display.T
        return np.round(mixed).astype(np.uint8)


def _receipt(stored: bytes, name: str) -> list[ReceiptLine]:
    try:
        return TypeAdapter(list[ReceiptLine]).validate_json(stored)
    except ValidationError as error:
        raise DataError("damaged", f"The receipt of {name} is damaged; import the dataset again.") from error


def _attributes(file: h5py.File) -> dict[str, Any]:
    attrs = dict(file.attrs)
    if attrs.get("format") != FORMAT:
        why = f"{Path(file.filename).name} was not made by Galaxyscope (format {attrs.get('format')!r})"
        raise DataError("not_a_dataset", f"{why}; import it.")
    return attrs


def read_targets(file: h5py.File, n: int) -> tuple[dict[str, Floats], dict[str, str]]:
    """The targets (N,) of a dataset by name, and their units."""
    if "targets" not in file:
        return {}, {}
    described = json.loads(checked_dataset(file, "target_columns")[:].tobytes())
    values = np.asarray(checked_dataset(file, "targets")[:], np.float64)
    if values.shape != (n, len(described)):
        why = f"'targets' of {Path(file.filename).name} has shape {values.shape}, not {(n, len(described))}"
        raise DataError("bad_shape", f"{why}; import it again.", "path")
    units = {str(column["name"]): str(column["unit"]) for column in described}
    return dict(zip(units, np.ascontiguousarray(values.T), strict=True)), units


def split_rows(store: GalaxyStore, split: Split, labelled_only: bool = False) -> Rows:
    """Row numbers of a split, ascending."""
    chosen = store.splits == SPLIT_CODES[split]
    if labelled_only:
        chosen &= store.labels >= 0
    return np.flatnonzero(chosen).astype(np.int64)


def load_images(store: GalaxyStore, rows: NDArray[np.int64], img_size: int, crop_size: int | None) -> Pixels:
    """(n, img_size, img_size, C) images: cropped if `crop_size` is given, then resized if necessary."""
    out = np.empty((len(rows), img_size, img_size, store.channels), np.uint8)
    block = max(1, BLOCK_BYTES // (store.img_size**2 * store.channels))
    for start in range(0, len(rows), block):
        images = store.images(rows[start : start + block])
        if crop_size is not None:
            images = centre_crop(images, crop_size)
        out[start : start + block] = resize(images, img_size)
    return out


def describe(path: Path, name: str) -> Dataset:
    """The description of the dataset at `path`; reads no pixel."""
    with open_hdf5(path) as file:
        attrs = _attributes(file)
        shape = checked_dataset(file, "images").shape
        labels = np.asarray(checked_dataset(file, "ans")[:], np.int64)
        splits = np.asarray(checked_dataset(file, "split")[:], np.uint8)
        skipped = json.loads(checked_dataset(file, "skipped")[:].tobytes())
        receipt = checked_dataset(file, "receipt")[:].tobytes() if "receipt" in file else b"[]"
        targets, units = read_targets(file, shape[0])
        ra, dec, redshift = (np.asarray(checked_dataset(file, key)[:]) for key in ("ra", "dec", "redshift"))
    known = redshift[np.isfinite(redshift)]
    class_names = json.loads(attrs["class_names"])
    per_class = np.bincount(labels[labels >= 0], minlength=len(class_names))
    return Dataset(
        name=name,
        digest=str(attrs["digest"]),
        n=shape[0],
        img_size=shape[1],
        bands=json.loads(attrs["bands"]),
        class_names=class_names,
        class_counts={key: int(count) for key, count in zip(class_names, per_class, strict=True)},
        split_counts={split.value: int((splits == code).sum()) for split, code in SPLIT_CODES.items()},
        unlabelled=int((labels < 0).sum()),
        simulated=bool(attrs["simulated"]),
        provenance={**json.loads(attrs["provenance"]), "licence": str(attrs["licence"])},
        channel_mean=[float(value) for value in attrs["channel_mean"]],
        channel_std=[float(value) for value in attrs["channel_std"]],
        duplicates_across_splits=int(attrs["duplicates_across_splits"]),
        skipped=[SkippedRow(**entry) for entry in skipped],
        skipped_count=int(attrs["skipped_count"]),
        receipt=_receipt(receipt, path.name),
        size_bytes=path.stat().st_size,
        created_at=datetime.fromisoformat(str(attrs["created_at"])),
        stretch=str(attrs["stretch"]),
        targets=[
            Target(name=name, unit=units[name], known=int(np.isfinite(values).sum()))
            for name, values in targets.items()
        ],
        with_sky=int((np.isfinite(ra) & np.isfinite(dec)).sum()),
        redshift_range=(float(known.min()), float(known.max())) if len(known) else None,
    )
