"""Reading the rows of a pretraining from its datasets."""

import numpy as np

from backend.data.layout import Pixels, Rows, evenly_spaced
from backend.data.store import GalaxyStore, load_images, split_rows
from backend.errors import DataError, InvalidInputError
from backend.ml.runtime.contracts import Labels, PretrainData, ProbeData
from shared.base.vocabulary import Split
from shared.configs import PretrainConfig


def seen_rows(store: GalaxyStore, config: PretrainConfig) -> Rows:
    """Rows whose pixels are trained on, ascending: train rows, or all if configured."""
    return np.arange(store.n) if config.pretrain_rows == "all" else split_rows(store, Split.TRAIN)


def read_pretrain_data(
    store: GalaxyStore,
    config: PretrainConfig,
    eval_store: GalaxyStore | None = None,
    at_most: int | None = None,
) -> PretrainData:
    """The data of a pretraining: rows to train on, train and validation rows to probe on, of `eval_store` if
    given. No test row is read unless pretrain_rows is all. With `at_most`, so many of each, evenly spaced,
    for a trial. Raises DataError if the two datasets have different numbers of bands."""
    if eval_store is not None:
        check_same_bands(store, eval_store)
    seen, val = (
        evenly_spaced(seen_rows(store, config), at_most),
        evenly_spaced(split_rows(store, Split.VAL), at_most),
    )
    images, val_images = _load(store, seen, config), _load(store, val, config)
    return PretrainData(
        images=images,
        val_images=val_images,
        val_rows=val,
        channel_mean=store.channel_mean.tolist(),
        channel_std=store.channel_std.tolist(),
        dataset_digest=store.digest,
        to_rgb=store.rgb,
        probe=_own_probe(store, seen, images, val, val_images)
        if eval_store is None
        else _read_probe_data(eval_store, config, at_most),
        labels=_train_labels(store, seen) if eval_store is None else None,
    )


def check_batch(config: PretrainConfig, rows: int) -> None:
    """Raise InvalidInputError if so many rows do not fill a batch."""
    if rows < config.batch_size:
        why = f"batch_size {config.batch_size} is more than the {rows} images to train on"
        raise InvalidInputError("batch_too_large", f"{why}; set it to {max(rows // 4, 2)}", "batch_size")


def check_same_bands(store: GalaxyStore, eval_store: GalaxyStore) -> None:
    """Raise DataError if an encoder of `store` cannot read `eval_store`."""
    if store.channels != eval_store.channels:
        theirs = f"{eval_store.channels} bands ({', '.join(eval_store.bands)})"
        why = f"the eval_dataset has {theirs} and the dataset {store.channels} ({', '.join(store.bands)})"
        raise DataError("bands_differ", f"{why}; choose one with the same bands", "eval_dataset")


def _read_probe_data(store: GalaxyStore, config: PretrainConfig, at_most: int | None) -> ProbeData:
    train = evenly_spaced(split_rows(store, Split.TRAIN, labelled_only=True), at_most)
    val = evenly_spaced(split_rows(store, Split.VAL), at_most)
    return _probe(store, train, _load(store, train, config), val, _load(store, val, config))


def _own_probe(store: GalaxyStore, seen: Rows, images: Pixels, val: Rows, val_images: Pixels) -> ProbeData:
    """The probe's rows from the images in memory; the same arrays if all rows are probed."""
    probed = np.isin(seen, split_rows(store, Split.TRAIN, labelled_only=True))
    return _probe(store, seen[probed], images if probed.all() else images[probed], val, val_images)


def _train_labels(store: GalaxyStore, seen: Rows) -> Labels:
    """Labels (N,) of the rows `seen`; −1 outside the train split, whose labels must not be used."""
    train = np.isin(seen, split_rows(store, Split.TRAIN, labelled_only=True))
    return np.where(train, store.labels[seen], -1)


def _probe(store: GalaxyStore, train: Rows, train_images: Pixels, val: Rows, val_images: Pixels) -> ProbeData:
    """Labelled train rows and all validation rows."""
    return ProbeData(
        train_images=train_images,
        train_labels=store.labels[train],
        val_images=val_images,
        val_labels=store.labels[val],
        class_names=store.class_names,
        dataset_digest=store.digest,
    )


def _load(store: GalaxyStore, rows: Rows, config: PretrainConfig) -> Pixels:
    return load_images(store, rows, config.img_size, config.crop_size)
