"""HDF5 files in the layout of Galaxy10: images; ans, ra, dec, redshift and pxscale if present."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from backend.data.hdf5_safety import checked_dataset, dataset_keys, open_hdf5
from backend.data.importers.array_source import ArrayFile
from backend.data.importers.arrays import array_ids
from backend.data.importers.catalogue import (
    Catalogue,
    check_class_names,
    check_codes,
    classes_of,
    numbered,
)  # fmt: skip
from backend.data.importers.class_names import given_names
from backend.data.importers.frame_source import SourceInfo
from backend.data.importers.image_rows import Hdf5Rows
from backend.data.importers.names import ID_COLUMNS, counted
from backend.data.importers.reporting import Findings
from backend.data.importers.values import FIELDS, Column, checked_sky
from backend.data.layout import FORMAT, SKY_KEYS, Floats, Rows
from backend.data.store import read_targets
from backend.errors import DataError
from shared.base.vocabulary import SPLIT_CODES
from shared.configs import ImportConfig

OWN_KEYS = frozenset({"split", "source_id", "image_hash", "receipt", "skipped", "twins"})
"""Keys that only a dataset of the store has."""


def open_galaxy10(config: ImportConfig, findings: Findings) -> ArrayFile:
    """The file, open, its columns read and checked; DataError if it cannot be used."""
    path = Path(config.path).expanduser()
    file = open_hdf5(path)
    try:
        with damage_errors(path.name):
            return _read(file, path.name, config, findings)
    except DataError:
        file.close()
        raise


@contextmanager
def damage_errors(name: str) -> Iterator[None]:
    """Turn what h5py raises on a damaged file into a DataError."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, MemoryError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise DataError("damaged", f"{name} is damaged ({first}); download it again.", "path") from error


def _read(file: h5py.File, name: str, config: ImportConfig, findings: Findings) -> ArrayFile:
    images = Hdf5Rows(checked_dataset(file, "images"), f"'images' of {name}")
    n, side, _, channels = images.shape
    own = file.attrs.get("format") == FORMAT
    class_names, labels = _classes(file, n, name, config)
    sky = {key: _sky_column(file, key, n, name) for key in SKY_KEYS}
    catalogue = Catalogue(
        source_ids=(_own_ids(file, n) if own else _ids(file, n, name)) or numbered(Path(name).stem, n),
        labels=labels,
        class_names=class_names,
        sky={key: values for key, values in sky.items() if values is not None},
        splits=_own_splits(file, n) if own else None,
    )
    if own:
        catalogue.targets, catalogue.target_units = read_targets(file, n)
    _note_unread(file, n, name, OWN_KEYS if own else frozenset(), findings)
    bands = _text_list(file.attrs.get("bands")) or []
    info = _info(file, name, side, own, channels)
    return ArrayFile(images, catalogue, info, tuple(bands), file.close)


def _info(file: h5py.File, name: str, side: int, own: bool, channels: int) -> SourceInfo:
    origin = {"origin": _json(file.attrs.get("provenance")), "split": "as in the file"} if own else {}
    return SourceInfo(
        kind="galaxy10",
        provenance={"kind": "galaxy10", "file": name, "source_img_size": side, **origin},
        licence=str(file.attrs.get("licence", "not stated")),
        simulated=bool(file.attrs.get("simulated", False)),
        stretch=str(file.attrs.get("stretch", "as in the source")),
        display=_display(file, channels) if own else None,
    )


def _labels(file: h5py.File, n: int, name: str) -> Rows:
    """(n,); −1 throughout without `ans`."""
    if "ans" not in dataset_keys(file):
        return np.full(n, -1, np.int64)
    labels = checked_dataset(file, "ans")
    if labels.shape != (n,) or labels.dtype.kind not in "iu":
        why = f"'ans' of {name} is {labels.dtype} of shape {labels.shape}, not {n:,} integers; correct it."
        raise DataError("bad_labels", why, "path")
    return np.asarray(labels[:], np.int64)


def _classes(file: h5py.File, n: int, name: str, config: ImportConfig) -> tuple[list[str], Rows]:
    """Class names and codes (n,): names as given or in the file, else the numbers themselves."""
    labels = _labels(file, n, name)
    names = given_names(config) or _text_list(file.attrs.get("class_names"))
    if names is None:
        if (labels < -1).any():
            check_codes(labels, [""] * (int(labels.max()) + 1), f"'ans' of {name}")
        return classes_of(["" if label < 0 else str(label) for label in labels.tolist()])
    check_class_names(names)
    check_codes(labels, names, f"'ans' of {name}")
    return (names if (labels >= 0).any() else []), labels


def _note_unread(file: h5py.File, n: int, name: str, own: frozenset[str], findings: Findings) -> None:
    """Put into the receipt what is read of the file, and what is not."""
    read = {"images", "ans", *SKY_KEYS, *own, _id_key(file, n)}
    unread = [key for key in dataset_keys(file) if key not in read]
    used = [key for key in ("images", "ans", *SKY_KEYS, _id_key(file, n)) if key in dataset_keys(file)]
    findings.read(f"{counted(n, 'row')} of {name}: {', '.join(used)}.", n)
    if unread:
        findings.skipped(len(unread), "dataset", f"of {name}", unread[0])


def _id_key(file: h5py.File, n: int) -> str:
    """The dataset of ids, by the usual names; empty if there is none."""
    keys = {key.lower(): key for key in dataset_keys(file)}
    found = (keys[name] for name in ID_COLUMNS if name in keys)
    return next((key for key in found if checked_dataset(file, key).shape == (n,)), "")


def _ids(file: h5py.File, n: int, name: str) -> list[str] | None:
    key = _id_key(file, n)
    if not key:
        return None
    values = checked_dataset(file, key)[:]
    if values.dtype.kind in "OS":
        values = np.array([v.decode(errors="replace") if isinstance(v, bytes) else str(v) for v in values])
    return array_ids(values, Column(name, key, "id_column", first=0))


def _text_list(value: Any) -> list[str] | None:
    """Names from an attribute: a JSON list, or an array of strings; None for anything else."""
    if isinstance(value, str):
        value = _json(value)
    if isinstance(value, bytes) or not isinstance(value, list | np.ndarray):
        return None
    return [item.decode(errors="replace") if isinstance(item, bytes) else str(item) for item in value]


def _json(value: Any) -> Any:
    """The value of a JSON text; None if it is not valid."""
    try:
        return json.loads(value)
    except (json.JSONDecodeError, TypeError, UnicodeDecodeError, RecursionError):
        return None


def _display(file: h5py.File, channels: int) -> list[list[float]] | None:
    try:
        weights = np.asarray(_json(file.attrs.get("display")), np.float64)
    except (TypeError, ValueError):
        return None
    usable = weights.shape == (3, channels) and np.isfinite(weights).all()
    return weights.tolist() if usable else None


def _sky_column(file: h5py.File, key: str, n: int, name: str) -> Floats | None:
    if key not in dataset_keys(file):
        return None
    column = checked_dataset(file, key)
    if column.shape != (n,) or column.dtype.kind not in "fiu":
        why = f"'{key}' of {name} is {column.dtype} of shape {column.shape}, not {n:,} numbers; leave it out."
        raise DataError("bad_shape", why, "path")
    return checked_sky(key, np.asarray(column[:], np.float64), Column(name, key, FIELDS[key], first=0))


def _own_ids(file: h5py.File, n: int) -> list[str] | None:
    stored = [value.decode(errors="replace") for value in checked_dataset(file, "source_id")[:]]
    return stored if len(stored) == n else None


def _own_splits(file: h5py.File, n: int) -> NDArray[np.uint8] | None:
    splits = np.asarray(checked_dataset(file, "split")[:])
    known = splits.shape == (n,) and np.isin(splits, list(SPLIT_CODES.values())).all()
    return splits.astype(np.uint8) if known else None
