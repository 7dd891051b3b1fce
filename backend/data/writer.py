"""Writing a dataset: streamed to a hidden partial file, completed with splits and statistics, then
renamed."""

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from backend.data.duplicates import difference_hash, find_near_duplicates, pairs_json, thumbnails
from backend.data.layout import (
    FORMAT,
    MIN_ROWS,
    SKY_KEYS,
    DatasetPlan,
    Floats,
    GalaxyBlock,
    Pixels,
    Rows,
    SkipLog,
    display_weights,
    unknown,
)  # fmt: skip
from backend.data.splits import count_divided, find_groups, make_splits
from backend.errors import DataError
from shared.base.vocabulary import SPLIT_CODES, Split
from shared.contract.datasets import ReceiptLine

PIECE_BYTES = 2**20
SPARE_BYTES = 64 * 2**20
MIN_STD = 1e-5


def target_paths(folder: Path, name: str, token: str) -> tuple[Path, Path]:
    """The file of a dataset, and the one it gets if a renamed dataset has taken that."""
    return folder / f"{name}.h5", folder / f"{name}.{token}.h5"


def cleanup_partials(folder: Path, token: str) -> None:
    """Remove what a killed import with this token left in `folder`."""
    if folder.is_dir():
        for path in folder.iterdir():
            if path.name.startswith(".") and path.name.endswith((f".{token}.partial", f".{token}.partial2")):
                path.unlink(missing_ok=True)


class StoreWriter:
    """Writes blocks of galaxies to one dataset file.

    Use as a context manager: leaving it without `finish()` removes the partial file. Memory: one block plus
    300 bytes per row.
    """

    def __init__(self, folder: Path, name: str, token: str, plan: DatasetPlan) -> None:
        self.plan, self.token = plan, token
        self._targets = target_paths(folder, name, token)
        self._partial = folder / f".{name}.{token}.partial"
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
        if plan.nbytes + SPARE_BYTES > free:
            why = f"The dataset needs {plan.nbytes / 1e9:,.1f} GB but {free / 1e9:,.1f} GB are free"
            raise DataError("disk_full", f"{why}; free some space or choose a smaller img_size.", "img_size")
        self._file = h5py.File(self._partial, "w")
        self._images = _contiguous_images(self._file, plan, plan.n)
        self._hash = hashlib.sha256()
        self._rows = 0
        self._labels: list[Rows] = []
        self._source_ids: list[str] = []
        self._sky: dict[str, list[Floats]] = {key: [] for key in SKY_KEYS}
        self._targets_read: dict[str, list[Floats]] = {name: [] for name in plan.targets}
        self._splits: list[NDArray[np.uint8]] = []
        self._groups: list[Rows] = []
        self._channel_moments: list[Floats] = []
        self._thumbs: list[Pixels] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()

    def append(self, block: GalaxyBlock) -> None:
        """Write the galaxies of a block."""
        end = self._rows + len(block)
        rows = max(1, PIECE_BYTES // max(block.images[:1].nbytes, 1))
        pieces = [block.images[start : start + rows] for start in range(0, len(block), rows)]
        with ThreadPoolExecutor(1) as other:
            hashed = other.submit(self._write_and_hash, pieces)
            self._measure(pieces)
            hashed.result()
        self._labels.append(block.labels.astype(np.int64))
        self._source_ids.extend(block.source_ids)
        for key in SKY_KEYS:
            self._sky[key].append(block.sky.get(key, unknown(len(block))))
        for name, parts in self._targets_read.items():
            parts.append(block.targets[name])
        if block.splits is not None:
            self._splits.append(block.splits)
        if block.groups is not None:
            self._groups.append(block.groups)
        self._rows = end

    def _write_and_hash(self, pieces: Sequence[Pixels]) -> None:
        at = self._rows
        for piece in pieces:
            piece = np.ascontiguousarray(piece)
            self._images[at : at + len(piece)] = piece
            self._hash.update(piece.data)
            at += len(piece)

    def _measure(self, pieces: Sequence[Pixels]) -> None:
        for piece in map(np.ascontiguousarray, pieces):
            self._channel_moments.append(_moments(piece))
            self._thumbs.append(thumbnails(piece))

    def finish(self, skipped: SkipLog | None = None, receipt: Sequence[ReceiptLine] = ()) -> Path:
        """Split, compute statistics, fsync and rename; the path of the dataset.

        The digest covers the targets, with their names, as it covers labels: figures of a target must not be
        mixed with those of the same pixels and other values. Without targets it is as it always was."""
        if self._rows < MIN_ROWS:
            why = f"Only {self._rows} images could be read; a dataset needs at least {MIN_ROWS}"
            lost = skipped.first[0] if skipped is not None and skipped.first else None
            named = f"; first left out is '{lost.source}' ({lost.reason})" if lost is not None else ""
            raise DataError("too_few_images", f"{why}{named}.", "path")
        labels = np.concatenate(self._labels)
        sky = {key: np.concatenate(parts) for key, parts in self._sky.items()}
        splits = self._decide_splits(labels, sky)
        self._hash.update(labels.astype("<i8").tobytes())
        self._hash.update(splits.tobytes())
        targets = {name: np.concatenate(parts) for name, parts in self._targets_read.items()}
        for name, values in sorted(targets.items()):
            self._hash.update(f"target {name}".encode())
            self._hash.update(np.where(np.isnan(values), np.nan, values).astype("<f8").tobytes())
        self._shrink()
        self._write_columns(labels, splits, sky)
        if targets:
            self._file.create_dataset("targets", data=np.stack(list(targets.values()), axis=1))
        self._write_attributes(splits, skipped or SkipLog(), receipt)
        self._file.close()
        return _publish(self._partial, self._targets)

    def abort(self) -> None:
        """Close and remove the partial file; does nothing once finished."""
        if self._file.id.valid:
            with suppress(RuntimeError, OSError):  # on a full disk the last flush fails too
                self._file.close()
        self._partial.unlink(missing_ok=True)
        self._partial.with_suffix(".partial2").unlink(missing_ok=True)

    def _decide_splits(self, labels: Rows, sky: dict[str, Floats]) -> NDArray[np.uint8]:
        groups = np.concatenate(self._groups) if self._groups else None
        if self._splits:
            splits = np.concatenate(self._splits)
            divided = count_divided(self._source_ids, groups, splits)
            if divided:
                self.plan.provenance["groups_across_splits"] = divided
            return splits
        place = sky["ra"], sky["dec"], sky["pxscale"]
        whole = find_groups(self._source_ids, *place, self.plan.img_size, groups)
        return make_splits(labels, whole, self.plan.split_seed)

    def _shrink(self) -> None:
        """If images were skipped, copy the rows to a file of the right size."""
        if self._rows == self.plan.n:
            return
        smaller = self._partial.with_suffix(".partial2")
        with h5py.File(smaller, "w") as file:
            images = _contiguous_images(file, self.plan, self._rows)
            rows = max(1, PIECE_BYTES // max(self.plan.nbytes // self.plan.n, 1))
            for start in range(0, self._rows, rows):
                end = min(start + rows, self._rows)
                images[start:end] = self._images[start:end]
        self._file.close()
        smaller.replace(self._partial)
        self._file = h5py.File(self._partial, "r+")

    def _write_columns(self, labels: Rows, splits: NDArray[np.uint8], sky: dict[str, Floats]) -> None:
        encoded = [source.encode() for source in self._source_ids]
        text = h5py.string_dtype("utf-8", max(1, *map(len, encoded)))
        self._file.create_dataset("ans", data=labels)
        for key, values in sky.items():
            self._file.create_dataset(key, data=values)
        self._file.create_dataset("split", data=splits)
        self._file.create_dataset("source_id", data=np.array(encoded, text))
        self._file.create_dataset("image_hash", data=difference_hash(np.concatenate(self._thumbs)))

    def _write_attributes(
        self, splits: NDArray[np.uint8], skipped: SkipLog, receipt: Sequence[ReceiptLine]
    ) -> None:
        plan = self.plan
        duplicates, pairs = find_near_duplicates(np.concatenate(self._thumbs), splits)
        train = np.concatenate(self._channel_moments)[splits == SPLIT_CODES[Split.TRAIN]]
        mean, std = _mean_std(train)
        values: dict[str, Any] = {
            "format": FORMAT,
            "class_names": _json(plan.class_names),
            "bands": _json(plan.bands),
            "display": _json(plan.display or display_weights(plan.channels)),
            "stretch": plan.stretch,
            "provenance": _json(plan.provenance),
            "licence": plan.licence,
            "simulated": plan.simulated,
            "split_seed": plan.split_seed,
            "channel_mean": mean,
            "channel_std": std,
            "digest": self._hash.hexdigest(),
            "duplicates_across_splits": duplicates,
            "skipped_count": skipped.count,
            "created_at": datetime.now(UTC).isoformat(),
            "token": self.token,
        }
        for key, value in values.items():
            self._file.attrs[key] = value
        # An attribute holds 64 KB at most; a hundred long paths may need more.
        reasons = _json([entry.model_dump() for entry in skipped.first]).encode()
        lines = _json([line.model_dump() for line in receipt]).encode()
        columns = _json([{"name": name, "unit": unit} for name, unit in plan.targets.items()]).encode()
        texts = {"skipped": reasons, "receipt": lines, "twins": pairs_json(pairs), "target_columns": columns}
        for key, text in texts.items():
            self._file.create_dataset(key, data=np.frombuffer(text, np.uint8))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _contiguous_images(file: h5py.File, plan: DatasetPlan, n: int) -> h5py.Dataset:
    """An uncompressed (n, H, W, C) dataset, allocated at once and not filled twice."""
    space = h5py.h5s.create_simple((n, plan.img_size, plan.img_size, plan.channels))
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.CONTIGUOUS)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    return h5py.Dataset(h5py.h5d.create(file.id, b"images", h5py.h5t.STD_U8LE, space, properties))


def _moments(images: Pixels) -> Floats:
    """(n, C, 2) means of values and of their squares over each image, on the scale 0 to 1."""
    n, height, width, channels = images.shape
    values = images.reshape(n, height, width * channels)
    squares = np.square(values, dtype=np.uint16)
    sums = [part.sum(axis=1, dtype=np.uint32) for part in (values, squares)]  # long inner axes are fast
    columns = np.stack(sums, axis=2).reshape(n, width, channels, 2)
    return np.asarray(columns.sum(axis=1, dtype=np.float64) / (height * width * np.array([255, 255**2])))


def _mean_std(moments: Floats) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Per-channel mean and standard deviation of all pixels, from moments (n, C, 2)."""
    mean, square = moments.mean(axis=0).T
    std = np.sqrt(np.maximum(square - mean**2, 0))
    return mean.astype(np.float32), np.maximum(std, MIN_STD).astype(np.float32)


def _publish(partial: Path, targets: tuple[Path, Path]) -> Path:
    """Sync the finished file to disk and rename it; its path."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    path = next((target for target in targets if not target.exists()), None)
    if path is None:
        why = f"The file {targets[1].name} exists already; choose another name."
        raise DataError("dataset_exists", why, "name")
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return path
